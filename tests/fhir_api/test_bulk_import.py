"""$import: IM1 to IM7. Files of other servers come in, or it is told why a line did not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.access.caller import Caller, Grant, Limit
from fhir_api.bulk.worker import run_pending
from fhir_api.outbound.client import OutboundClient
from privacy.pseudonyms import pseudonym
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import FHIR_JSON, observation, patient
from tests.support.sources import Source, serving

WRITE = frozenset({"create", "update"})
CONTENT = text("""
    SELECT resource_type, resource_id, version, body::text FROM resource_version ORDER BY 1, 2, 3
""")


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as made:
        yield made


@pytest.fixture
def server(engine: Engine, tmp_path: Path, source: Source) -> BulkServer:
    sources = OutboundClient([source.url], allow_private=True, timeout_s=2)
    return BulkServer(engine, tmp_path / "bulk", sources=sources)


def ndjson(*resources: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def files(source: Source) -> list[dict[str, str]]:
    """A file of two patients and one of two observations."""
    people = source.put("/patients", ndjson(patient(id="ann"), patient(id="bob")))
    seen = ndjson(observation("Patient/ann", id="a1"), observation("Patient/bob", id="b1"))
    return [
        {"type": "Patient", "url": people},
        {"type": "Observation", "url": source.put("/observations", seen)},
    ]


def post(server: BulkServer, *inputs: dict[str, str], **more: Any) -> Any:
    body = {"inputFormat": "application/fhir+ndjson", "input": list(inputs), **more}
    content = json.dumps(body).encode()
    return server.http.post("/fhir/$import", content=content, headers=FHIR_JSON)


def imported(server: BulkServer, *inputs: dict[str, str]) -> Any:
    """The manifest of an import that is done."""
    answer = post(server, *inputs)
    assert answer.status_code == 202, answer.text
    return server.finished(answer.headers["content-location"])


def told(server: BulkServer, entry: dict[str, Any]) -> list[str]:
    """What the outcomes of an input say."""
    return [each["issue"][0]["diagnostics"] for each in server.lines(entry)]


def stored_ids(server: BulkServer, kind: str) -> set[str]:
    query = text("SELECT resource_id FROM resource_head WHERE resource_type = :kind")
    with server.parts.engine.connect() as connection:
        return set(connection.execute(query, {"kind": kind}).scalars())


def hidden(server: BulkServer, kind: str, *ids: str) -> set[str]:
    return {pseudonym(server.parts.keys, kind, each) for each in ids}


def test_files_are_imported_and_each_has_its_outcome(server: BulkServer, source: Source) -> None:
    inputs = files(source)

    manifest = imported(server, *inputs)

    assert [each["inputUrl"] for each in manifest["output"]] == [each["url"] for each in inputs]
    assert [each["count"] for each in manifest["output"]] == [2, 2]
    assert manifest["error"] == []
    assert told(server, manifest["output"][0]) == ["2 resources stored, 0 refused."]


def test_what_is_imported_is_deidentified_and_can_be_read_by_its_own_id(
    server: BulkServer, source: Source
) -> None:
    imported(server, *files(source))

    assert server.http.get("/fhir/Patient/ann").json()["id"] == "ann"
    assert stored_ids(server, "Patient") == hidden(server, "Patient", "ann", "bob")
    exported = json.dumps(server.output(server.export("$export")))
    assert "Quillfeather" not in exported


def test_a_kickoff_by_parameters_is_the_same(server: BulkServer, source: Source) -> None:
    [people, seen] = files(source)

    def parameter(name: str, word: str, given: dict[str, str]) -> dict[str, Any]:
        parts = [{"name": word, "valueCode": given["type"]}]
        return {"name": name, "part": [*parts, {"name": "url", "valueUrl": given["url"]}]}

    answer = server.post(
        "$import",
        {"name": "inputFormat", "valueString": "application/fhir+ndjson"},
        {"name": "mode", "valueString": "IncrementalLoad"},
        parameter("input", "type", people),
        parameter("source", "resourceType", seen),
    )

    manifest = server.finished(answer.headers["content-location"])
    assert [each["type"] for each in manifest["output"]] == ["Patient", "Observation"]


def test_a_line_that_is_refused_stops_no_other(server: BulkServer, source: Source) -> None:
    lines = [
        b"no JSON", json.dumps(patient(id="ann")).encode(), b"[]", b"",
        json.dumps(observation("Patient/ann")).encode(),
        json.dumps(patient(id="bob", gender="whatever")).encode(),
        b'{"resourceType":"Patient","id":"\\u0000"}', b"[" * 3000,
        json.dumps(patient(id="cat")).encode(),
    ]  # fmt: skip
    url = source.put("/mixed", b"\n".join(lines))

    manifest = imported(server, {"type": "Patient", "url": url})

    assert manifest["output"][0]["count"] == 2
    [error] = manifest["error"]
    assert (error["count"], error["inputUrl"]) == (6, url)
    numbers = [each.partition(":")[0] for each in told(server, error)[:-1]]
    assert sorted(numbers) == ["Line 1", "Line 3", "Line 5", "Line 6", "Line 7", "Line 8"]
    assert stored_ids(server, "Patient") == hidden(server, "Patient", "ann", "cat")


def test_an_outcome_holds_no_value(server: BulkServer, source: Source) -> None:
    url = source.put("/wrong", ndjson(patient(id="bob", gender="Quillfeather", active="x")))

    manifest = imported(server, {"type": "Patient", "url": url})

    assert "Quillfeather" not in "".join(told(server, manifest["error"][0]))


def test_a_line_over_the_limit_is_refused_alone(
    server: BulkServer, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_api.bulk.intake.LONGEST_LINE", 2000)
    long = patient(id="long", extension=[{"url": "http://x.example/" + "x" * 3000}])
    url = source.put("/long", ndjson(long, patient(id="ann")))

    manifest = imported(server, {"type": "Patient", "url": url})

    assert (manifest["output"][0]["count"], manifest["error"][0]["count"]) == (1, 1)
    assert "2,000 bytes" in told(server, manifest["error"][0])[0]


def test_a_file_that_is_not_there_stops_no_other(server: BulkServer, source: Source) -> None:
    missing = {"type": "Observation", "url": f"{source.url}/missing"}

    manifest = imported(server, missing, files(source)[0])

    assert [each["count"] for each in manifest["output"]] == [0, 2]
    assert "404" in told(server, manifest["error"][0])[0]


def test_a_file_that_breaks_off_keeps_what_came(server: BulkServer, source: Source) -> None:
    body = ndjson(*(patient(id=f"n{number}") for number in range(3)))

    def breaks_off(asked: Any) -> None:
        asked.send_response(200)
        asked.send_header("content-length", str(len(body) + 100))
        asked.end_headers()
        asked.wfile.write(body)
        asked.close_connection = True

    url = source.put("/broken", breaks_off)

    manifest = imported(server, {"type": "Patient", "url": url})

    assert (manifest["output"][0]["count"], manifest["error"][0]["count"]) == (3, 1)
    assert "did not answer to the end" in told(server, manifest["error"][0])[0]


@pytest.mark.parametrize(
    "url", ["https://evil.example/a", "http://127.0.0.1:1/a", "file:///etc/passwd", "http://[::1]/"]
)
def test_a_source_that_is_not_on_the_list_is_never_asked(
    server: BulkServer, source: Source, url: str
) -> None:
    answer = post(server, files(source)[0], {"type": "Patient", "url": url})

    assert "list" in refusal(answer, 422)
    assert answer.json()["issue"][0]["expression"] == ["input[1].url"]
    run_pending(server.parts)
    assert source.asked == []


def test_of_two_with_one_id_the_later_stands(server: BulkServer, source: Source) -> None:
    url = source.put(
        "/twice",
        ndjson(patient(id="ann", gender="male"), patient(id="ann", gender="female")),
    )

    imported(server, {"type": "Patient", "url": url})

    assert server.http.get("/fhir/Patient/ann").json()["gender"] == "female"


def test_what_others_name_by_identifier_is_read_first(server: BulkServer, source: Source) -> None:
    named = [{"reference": "Practitioner?identifier=http://npi.example|77"}]
    doctor = {"resourceType": "Practitioner", "id": "dr"}
    doctor["identifier"] = [{"system": "http://npi.example", "value": "77"}]
    seen = observation("Patient/ann", id="a1", performer=named)
    inputs = [
        {"type": "Observation", "url": source.put("/seen", ndjson(seen))},
        {"type": "Practitioner", "url": source.put("/doctors", ndjson(doctor))},
    ]

    manifest = imported(server, *inputs)

    assert manifest["error"] == []
    assert [each["type"] for each in manifest["output"]] == ["Observation", "Practitioner"]


def test_the_same_import_again_changes_nothing(server: BulkServer, source: Source) -> None:
    inputs = files(source)
    imported(server, *inputs)

    def content() -> list[Any]:
        with server.parts.engine.connect() as connection:
            return list(connection.execute(CONTENT))

    before = content()
    again = imported(server, *inputs)

    assert content() == before
    assert [each["count"] for each in again["output"]] == [2, 2]


def test_it_is_done_when_everything_can_be_found(server: BulkServer, source: Source) -> None:
    answer = post(server, *files(source))
    status = answer.headers["content-location"]
    assert server.http.get(status).status_code == 202

    server.finished(status)

    found = server.http.get("/fhir/Observation?patient=ann").json()
    assert [each["resource"]["id"] for each in found["entry"]] == ["a1"]


def test_a_deleted_import_is_not_carried_out(server: BulkServer, source: Source) -> None:
    status = post(server, *files(source)).headers["content-location"]

    assert server.http.delete(status).status_code == 202
    run_pending(server.parts)

    refusal(server.http.get(status), 404)
    assert source.asked == []


WRONG: dict[str, dict[str, Any]] = {
    "no input": {},
    "an empty input": {"input": []},
    "an input that is no list": {"input": {}},
    "an input that is a number": {"input": [7]},
    "an unknown type": {"input": [{"type": "Nothing", "url": "http://127.0.0.1/"}]},
    "no url": {"input": [{"type": "Patient"}]},
    "another format": {"inputFormat": "application/fhir+json"},
    "another storage": {"storageDetail": {"type": "aws-s3"}},
    "what nobody knows": {"whatever": 1},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_kickoff_that_is_wrong_is_a_400(server: BulkServer, name: str) -> None:
    content = json.dumps(WRONG[name]).encode()

    refusal(server.http.post("/fhir/$import", content=content, headers=FHIR_JSON))


@pytest.mark.parametrize(
    "grants",
    [
        (),
        (Grant("Patient", frozenset({"create"})),),
        (Grant("Observation", WRITE),),
        (Grant("Patient", WRITE, Limit(patient="ann")),),
    ],
)
def test_only_who_may_write_a_type_may_import_it(
    server: BulkServer, source: Source, grants: tuple[Grant, ...]
) -> None:
    server.caller = Caller("app", grants)
    refusal(post(server, files(source)[0]), 403)

    server.caller = Caller("app", (Grant("Patient", WRITE),))
    assert post(server, files(source)[0]).status_code == 202


def test_where_files_are_rests_sealed(server: BulkServer, source: Source) -> None:
    post(server, files(source)[0])

    with server.parts.engine.connect() as connection:
        [row] = connection.execute(text("SELECT j::text FROM bulk_job j")).scalars()
    assert source.url not in row
