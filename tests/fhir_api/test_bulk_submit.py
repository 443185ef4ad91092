"""$bulk-submit: BS1 to BS5. Manifests come in; what comes back is de-identified, or is gone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.access.caller import Caller, Grant, anyone
from fhir_api.bulk import worker
from fhir_api.bulk.intake import Intake
from fhir_api.bulk.worker import run_pending
from fhir_api.outbound.client import OutboundClient
from privacy.pseudonyms import pseudonym
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import observation, patient
from tests.support.sources import Source, serving

SUBMITTER = {"name": "submitter", "valueIdentifier": {"system": "http://s.example", "value": "one"}}
ID = {"name": "submissionId", "valueString": "june"}


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as made:
        yield made


@pytest.fixture
def server(engine: Engine, tmp_path: Path, source: Source) -> BulkServer:
    sources = OutboundClient([source.url], allow_private=True, timeout_s=2)
    return BulkServer(engine, tmp_path / "bulk", sources=sources)


def manifest(source: Source, name: str, **files: list[Any]) -> str:
    """Serve a manifest and its files; its URL."""
    output = []
    for kind, resources in files.items():
        lines = b"".join(json.dumps(each).encode() + b"\n" for each in resources)
        output.append({"type": kind, "url": source.put(f"/{name}/{kind}.ndjson", lines)})
    body = {"transactionTime": "2024-01-01T00:00:00Z", "output": output, "error": []}
    return source.put(f"/{name}/manifest.json", json.dumps(body).encode())


def june(source: Source) -> str:
    """A manifest of Ann and what was observed of her."""
    seen = [observation("Patient/ann", id="a1"), observation("Patient/ann", id="a2")]
    return manifest(source, "june", Patient=[patient(id="ann")], Observation=seen)


def url(value: str, name: str = "manifestUrl") -> dict[str, Any]:
    return {"name": name, "valueUrl": value}


def status(code: str) -> dict[str, Any]:
    return {"name": "submissionStatus", "valueCoding": {"code": code}}


def submit(server: BulkServer, *more: dict[str, Any]) -> Any:
    return server.post("$bulk-submit", SUBMITTER, ID, *more)


def say(server: BulkServer, *more: dict[str, Any]) -> None:
    answer = submit(server, *more)
    assert answer.status_code == 200, answer.text


def address(server: BulkServer) -> str:
    answer = server.post("$bulk-submit-status", SUBMITTER, ID)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["content-location"])


def result(server: BulkServer) -> Any:
    """The manifest of a submission that is over."""
    return server.finished(address(server))


def hidden(server: BulkServer, *names: str) -> set[str]:
    """`Type/pseudonym` of each `Type/real-id`."""
    parted = [each.split("/") for each in names]
    return {f"{kind}/{pseudonym(server.parts.keys, kind, id_)}" for kind, id_ in parted}


def standing(server: BulkServer) -> set[str]:
    """`Type/pseudonym` of everything that is stored and not deleted."""
    query = text("SELECT resource_type || '/' || resource_id FROM resource_head WHERE NOT deleted")
    with server.parts.engine.connect() as connection:
        return set(connection.execute(query).scalars())


def names(lines: dict[str, list[Any]]) -> set[str]:
    return {f"{each['resourceType']}/{each['id']}" for file in lines.values() for each in file}


def test_a_submission_comes_back_deidentified(server: BulkServer, source: Source) -> None:
    say(server, url(june(source)), status("completed"))

    given_back = server.output(result(server))

    assert names(given_back) == hidden(server, "Patient/ann", "Observation/a1", "Observation/a2")
    assert "Quillfeather" not in json.dumps(given_back)
    assert given_back["Patient"][0]["meta"]["versionId"] == "1"


def test_the_manifest_has_what_the_ballot_and_the_draft_before_it_want(
    server: BulkServer, source: Source
) -> None:
    where = june(source)
    say(server, url(where), status("completed"))

    found = result(server)

    assert (found["submissionId"], found["deleted"]) == ("june", [])
    assert found["manifestType"].endswith("BulkSubmitStatusManifest")
    assert {each["manifestUrl"] for each in found["output"] + found["outcome"]} == {where}
    counts = [each["countSeverity"] for each in found["outcome"]]
    one, two = ([{"code": "information", "count": count}, {"code": "error", "count": 0}]
                for count in (1, 2))  # fmt: skip
    assert counts == [one, two]
    assert found["error"] == found["outcome"]


def test_it_is_done_only_when_it_is_complete(server: BulkServer, source: Source) -> None:
    say(server, url(june(source)))
    run_pending(server.parts)
    assert len(standing(server)) == 3
    where = address(server)
    assert server.http.get(where).status_code == 202

    say(server, status("completed"))
    server.clock.wait(60)
    assert server.http.get(where).status_code == 202

    assert server.finished(where)["submissionId"] == "june"


@pytest.mark.parametrize("word", ["completed", "complete"])
def test_both_words_for_complete_are_understood(
    server: BulkServer, source: Source, word: str
) -> None:
    say(server, url(june(source)), {"name": "submissionStatus", "valueCode": word})

    assert result(server)["submissionId"] == "june"


@pytest.mark.parametrize("word", ["stopped", "aborted"])
def test_a_submission_that_is_stopped_is_taken_away_again(
    server: BulkServer, source: Source, word: str
) -> None:
    server.put(patient(id="bob"), observation("Patient/bob", id="b1"))
    say(server, url(june(source)))
    run_pending(server.parts)
    say(server, status(word))

    found = result(server)

    assert standing(server) == hidden(server, "Patient/bob", "Observation/b1")
    assert found["output"] == []
    [bundle] = server.output(found, "deleted")["Bundle"]
    deleted = {each["request"]["url"] for each in bundle["entry"]}
    assert deleted == hidden(server, "Patient/ann", "Observation/a1", "Observation/a2")


def test_what_stood_before_or_was_changed_since_stays(server: BulkServer, source: Source) -> None:
    server.put(patient(id="ann"))
    say(server, url(june(source)))
    run_pending(server.parts)
    server.put(observation("Patient/ann", id="a2", status="amended"))
    say(server, status("stopped"))

    result(server)

    assert standing(server) == hidden(server, "Patient/ann", "Observation/a2")


def test_a_submission_stopped_while_it_is_read_is_taken_away(
    server: BulkServer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(server, url(june(source)))
    store = Intake.store

    def stopped_meanwhile(intake: Intake, chunk: Any) -> None:
        submit(server, status("stopped"))
        store(intake, chunk)

    monkeypatch.setattr(Intake, "store", stopped_meanwhile)

    result(server)

    assert standing(server) == set()


def test_manifests_are_taken_in_the_order_they_come(server: BulkServer, source: Source) -> None:
    first = manifest(source, "first", Patient=[patient(id="ann", gender="male")])
    second = manifest(source, "second", Patient=[patient(id="ann", gender="female")])
    say(server, url(first))
    say(server, url(second), status("completed"))

    found = server.output(result(server))

    assert {each["gender"] for each in found["Patient"]} == {"female"}


def test_a_manifest_that_replaces_another_takes_away_what_it_lacks(
    server: BulkServer, source: Source
) -> None:
    first = june(source)
    second = manifest(source, "again", Patient=[patient(id="ann")])
    say(server, url(first))
    say(server, url(second), url(first, "replacesManifestUrl"), status("completed"))

    found = result(server)

    assert standing(server) == hidden(server, "Patient/ann")
    assert names(server.output(found)) == hidden(server, "Patient/ann")
    [bundle] = server.output(found, "deleted")["Bundle"]
    assert len(bundle["entry"]) == 2


def test_the_same_manifest_twice_is_taken_in_once(server: BulkServer, source: Source) -> None:
    where = june(source)
    say(server, url(where))
    say(server, url(where), status("completed"))

    assert len(result(server)["outcome"]) == 2
    assert [path for _, path, _ in source.asked].count("/june/manifest.json") == 1


def test_a_manifest_that_cannot_be_read_is_told_and_stops_no_other(
    server: BulkServer, source: Source
) -> None:
    away = source.url + "/nowhere/manifest.json"
    odd = source.put("/odd", b'{"output": [{"type": "Nothing"}]}')
    text_ = source.put("/text", b"no JSON")
    for each in (away, odd, text_, june(source)):
        say(server, url(each))
    say(server, status("completed"))

    found = result(server)

    refused = {
        each["manifestUrl"] for each in found["outcome"] if each["countSeverity"][1]["count"]
    }
    assert refused == {away, odd, text_}
    assert len(names(server.output(found))) == 3


def test_files_elsewhere_than_on_the_list_are_never_asked_for(
    server: BulkServer, source: Source
) -> None:
    output = [{"type": "Patient", "url": "http://127.0.0.1:1/secret"}]
    where = source.put("/m", json.dumps({"output": output}).encode())
    say(server, url(where), status("completed"))

    found = result(server)

    [line] = [each["issue"][0]["diagnostics"] for each in server.lines(found["outcome"][0])][:1]
    assert "list" in line
    assert [path for _, path, _ in source.asked] == ["/m"]


def test_headers_go_with_every_request_for_files(server: BulkServer, source: Source) -> None:
    token = {
        "name": "fileRequestHeader",
        "part": [
            {"name": "headerName", "valueString": "Authorization"},
            {"name": "headerValue", "valueString": "Bearer s3cret"},
        ],
    }
    say(server, url(june(source)), token, status("completed"))
    result(server)

    assert {headers["authorization"] for _, _, headers in source.asked} == {"Bearer s3cret"}
    with server.parts.engine.connect() as connection:
        rows = connection.execute(text("SELECT m::text FROM bulk_manifest m")).scalars().all()
    assert b"s3cret".hex() not in rows[0]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "a b", "X\r\nY", ""])
def test_a_header_that_would_change_the_request_is_refused(server: BulkServer, name: str) -> None:
    header = {
        "name": "fileRequestHeader",
        "part": [
            {"name": "headerName", "valueString": name},
            {"name": "headerValue", "valueString": "x"},
        ],
    }

    assert "fileRequestHeader" in refusal(submit(server, header, status("in-progress")))


@pytest.mark.parametrize("name", ["oauthMetadataUrl", "fileEncryptionKey"])
def test_what_is_not_offered_is_refused_with_a_reason(server: BulkServer, name: str) -> None:
    given = {"name": name, "valueString": "https://x.example"}

    assert "is not offered: " in refusal(submit(server, given, status("in-progress")))


WRONG: dict[str, list[dict[str, Any]]] = {
    "neither status nor manifest": [SUBMITTER, ID],
    "no submitter": [ID, status("completed")],
    "a submitter without a value": [
        {"name": "submitter", "valueIdentifier": {"system": "x"}}, ID, status("completed"),
    ],
    "no id": [SUBMITTER, status("completed")],
    "a long id": [SUBMITTER, {**ID, "valueString": "x" * 300}, status("completed")],
    "an unknown status": [SUBMITTER, ID, status("paused")],
    "a replacement of nothing": [
        SUBMITTER, ID, url("https://x.example/a", "replacesManifestUrl"), status("completed"),
    ],
    "a parameter twice": [SUBMITTER, SUBMITTER, ID, status("completed")],
    "an unknown parameter": [SUBMITTER, ID, {"name": "whatever", "valueString": "x"}],
    "another format": [
        SUBMITTER, ID, status("completed"), {"name": "outputFormat", "valueString": "csv"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_call_that_is_wrong_is_a_400(server: BulkServer, name: str) -> None:
    refusal(server.post("$bulk-submit", *WRONG[name]))


def test_a_manifest_elsewhere_than_on_the_list_is_refused(
    server: BulkServer, source: Source
) -> None:
    answer = submit(server, url("https://evil.example/manifest.json"))

    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["manifestUrl"]
    assert source.asked == []


def test_a_replacement_of_what_was_never_sent_is_refused(
    server: BulkServer, source: Source
) -> None:
    never = url(f"{source.url}/never", "replacesManifestUrl")

    assert "not sent" in refusal(submit(server, url(june(source)), never))


@pytest.mark.parametrize("word", ["completed", "stopped"])
def test_nothing_comes_after_the_end(server: BulkServer, source: Source, word: str) -> None:
    say(server, status(word))

    assert "completed or stopped" in refusal(submit(server, url(june(source))))
    result(server)
    assert "completed or stopped" in refusal(submit(server, status("in-progress")))


def test_only_who_has_the_scope_may_submit(server: BulkServer) -> None:
    server.caller = Caller("app", (Grant("Patient", frozenset({"create", "update"})),))
    refusal(submit(server, status("in-progress")), 403)
    refusal(server.post("$bulk-submit-status", SUBMITTER, ID), 403)

    server.caller = Caller("app", (), scopes="system/Patient.rs system/bulk-submit")
    say(server, status("in-progress"))
    assert address(server)


def test_a_submission_is_its_clients_own(server: BulkServer, source: Source) -> None:
    say(server, url(june(source)), status("completed"))
    where = address(server)
    server.caller = Caller("other", (), scopes="system/bulk-submit")

    refusal(server.post("$bulk-submit-status", SUBMITTER, ID), 404)
    refusal(server.http.get(where), 404)
    server.caller = anyone()
    assert result(server)["submissionId"] == "june"


def test_a_status_of_nothing_is_a_404(server: BulkServer) -> None:
    refusal(server.post("$bulk-submit-status", SUBMITTER, ID), 404)


def test_a_submission_under_way_is_stopped_and_not_deleted(
    server: BulkServer, source: Source
) -> None:
    say(server, url(june(source)))
    where = address(server)

    assert "stopped" in refusal(server.http.delete(where))
    say(server, status("stopped"))
    result(server)
    assert server.http.delete(where).status_code == 202
    refusal(server.http.get(where), 404)


def test_a_worker_that_dies_over_a_file_harms_nothing(
    server: BulkServer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(server, url(june(source)), status("completed"))
    store = Intake.store
    deaths = iter([True])

    def dies_once(intake: Intake, chunk: Any) -> None:
        store(intake, chunk)
        if next(deaths, False):
            raise SystemExit

    monkeypatch.setattr(Intake, "store", dies_once)
    with pytest.raises(SystemExit):
        worker.run_next(server.parts, "dies")
    server.clock.wait(61)

    found = result(server)

    assert len(names(server.output(found))) == 3
    assert [each["countSeverity"][0]["count"] for each in found["outcome"]] == [1, 2]
