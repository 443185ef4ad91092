"""Asking how far a job is, fetching its files, and its end (BDT: status, files, cancellation)."""

from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from fhir_api.access.caller import EVERYTHING, Caller, Grant
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import observation, patient

READ_AND_SEARCH = frozenset({"read", "search"})
ADDRESSES = ["", "/Patient-0001-00000000.ndjson", "/..", "/%2e%2e%2fsecret", "/.half", "/a%00b"]


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> BulkServer:
    made = BulkServer(engine, tmp_path / "bulk")
    made.put(patient(id="ann"), observation("Patient/ann", id="a1"))
    return made


def test_a_job_under_way_tells_how_far_it_is_and_when_to_ask_again(server: BulkServer) -> None:
    answer = server.http.get(server.begin("$export"))

    assert (answer.status_code, answer.content) == (202, b"")
    assert 0 < len(answer.headers["x-progress"]) < 100
    assert int(answer.headers["retry-after"]) >= 1


def test_asking_too_often_is_told(server: BulkServer) -> None:
    status = server.begin("$export")
    assert server.http.get(status).status_code == 202

    answer = server.http.get(status)

    assert "too often" in refusal(answer, 429)
    server.clock.wait(int(answer.headers["retry-after"]))
    assert server.http.get(status).status_code == 202


def test_a_job_that_is_done_gives_its_manifest_as_often_as_it_is_asked(server: BulkServer) -> None:
    status = server.begin("$export")
    manifest = server.finished(status)

    answer = server.http.get(status)

    assert answer.json() == manifest
    assert answer.headers["content-type"] == "application/json"
    assert parsedate_to_datetime(answer.headers["expires"]) > server.clock()


def test_a_deleted_job_is_gone_with_its_files(server: BulkServer) -> None:
    status = server.begin("$export")
    url = server.finished(status)["output"][0]["url"]

    assert server.http.delete(status).status_code == 202

    for gone in (status, url):
        refusal(server.http.get(gone), 404)
    refusal(server.http.delete(status), 404)
    assert server.parts.files.jobs() == []


def test_a_job_that_waits_can_be_deleted(server: BulkServer) -> None:
    status = server.begin("$export")

    assert server.http.delete(status).status_code == 202
    refusal(server.http.get(status), 404)


@pytest.mark.parametrize("place", ADDRESSES)
def test_what_is_no_job_or_file_is_a_404(server: BulkServer, place: str) -> None:
    status = server.begin("$export")
    server.finished(status)

    refusal(server.http.get(f"/fhir/_bulk/{'0' * 48}{place}"), 404)
    if place:
        refusal(server.http.get(f"{status}{place}"), 404)


def test_another_client_sees_neither_status_nor_file(server: BulkServer) -> None:
    server.caller = Caller("one", (Grant("*", EVERYTHING),))
    status = server.begin("$export")
    url = server.finished(status)["output"][0]["url"]
    server.caller = Caller("two", (Grant("*", EVERYTHING),))

    for hidden in (status, url):
        assert "No job of yours" in refusal(server.http.get(hidden), 404)
    refusal(server.http.delete(status), 404)


def test_a_file_is_for_those_whose_scope_covers_its_type(server: BulkServer) -> None:
    server.caller = Caller("one", (Grant("*", READ_AND_SEARCH),))
    manifest = server.export("$export")
    urls = {each["type"]: each["url"] for each in manifest["output"]}
    server.caller = Caller("one", (Grant("Patient", READ_AND_SEARCH),))

    assert server.http.get(urls["Patient"]).status_code == 200
    assert server.http.get(urls["Observation"]).status_code == 403


def test_the_manifest_says_whether_a_token_is_needed(engine: Engine, tmp_path: Path) -> None:
    server = BulkServer(engine, tmp_path / "bulk", needs_token=True)

    assert server.export("$export")["requiresAccessToken"] is True


def test_addresses_cannot_be_guessed(server: BulkServer) -> None:
    ids = {server.begin("$export").rpartition("/")[2] for _ in range(3)}

    assert len(ids) == 3
    assert all(len(each) == 48 for each in ids)


def test_the_trail_names_the_type_of_each_file_that_was_fetched(
    server: BulkServer, engine: Engine
) -> None:
    server.output(server.export("$export"))

    with engine.connect() as connection:
        query = text(
            "SELECT DISTINCT interaction FROM audit_event WHERE interaction LIKE '%% of %'"
        )
        named = set(connection.execute(query).scalars())
    assert named == {"$export of Observation", "$export of Patient"}


def test_a_file_answers_head_and_parts_of_it(server: BulkServer) -> None:
    url = server.export("$export?_type=Patient")["output"][0]["url"]
    plain = {"accept-encoding": "identity"}
    whole = server.http.get(url, headers=plain)

    head = server.http.head(url, headers=plain)
    part = server.http.get(url, headers={**plain, "range": "bytes=0-9"})

    assert head.headers["content-length"] == str(len(whole.content))
    assert (part.status_code, part.content) == (206, whole.content[:10])
