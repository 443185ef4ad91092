"""R1 and R2: a resource and its old versions, by the caller's own id, inside its limits."""

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import Caller
from tests.support.fhir import observation, patient
from tests.support.instance import issue, keep, only, seen_by, served

BLOOD = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                     "code": "laboratory"}]}  # fmt: skip
ANN, BOB = patient(id="ann"), patient(id="bob", gender="female")


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return served(engine)


def seen(number: int = 1, **more: object) -> dict[str, object]:
    return observation("Patient/ann", id="seen", note=None, **more) | {
        "valueQuantity": {"value": number, "unit": "Cel", "system": "http://unitsofmeasure.org",
                          "code": "Cel"}
    }  # fmt: skip


def kept(http: TestClient) -> None:
    keep(http, ANN, BOB)
    for number in (36, 37):
        body = {name: value for name, value in seen(number).items() if value is not None}
        keep(http, body)


def test_a_read_says_version_and_time(http: TestClient) -> None:
    kept(http)
    answer = http.get("/fhir/Observation/seen")

    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.json()["meta"]["versionId"] == "2"
    stored = answer.json()["meta"]["lastUpdated"][:19]
    assert parsedate_to_datetime(answer.headers["last-modified"]).isoformat()[:19] == stored


def test_every_version_can_be_read_and_none_that_never_was(http: TestClient) -> None:
    kept(http)
    values = [http.get(f"/fhir/Observation/seen/_history/{each}").json() for each in (1, 2)]

    assert [each["valueQuantity"]["value"] for each in values] == [36, 37]
    assert http.get("/fhir/Observation/seen/_history/1").headers["etag"] == 'W/"1"'
    for version in ("3", "0", "x", "1" * 30):
        assert http.get(f"/fhir/Observation/seen/_history/{version}").status_code == 404


def test_what_was_never_stored_is_a_404(http: TestClient) -> None:
    answer = http.get("/fhir/Observation/never")

    assert answer.status_code == 404
    assert issue(answer)["code"] == "not-found"


def test_what_was_deleted_is_a_410_and_its_old_versions_stay(http: TestClient) -> None:
    kept(http)
    http.delete("/fhir/Observation/seen")

    assert http.get("/fhir/Observation/seen").status_code == 410
    assert issue(http.get("/fhir/Observation/seen"))["code"] == "deleted"
    assert http.get("/fhir/Observation/seen/_history/3").status_code == 410
    assert http.get("/fhir/Observation/seen/_history/2").status_code == 200


@pytest.mark.parametrize(
    ("tag", "status"),
    [('W/"2"', 304), ('"2"', 304), ('W/"9", W/"2"', 304), ("*", 304), ('W/"1"', 200), ("", 200)],
)
def test_a_version_the_caller_has_is_not_sent_again(
    http: TestClient, tag: str, status: int
) -> None:
    kept(http)
    answer = http.get("/fhir/Observation/seen", headers={"if-none-match": tag})

    assert answer.status_code == status
    assert answer.headers["etag"] == 'W/"2"'
    assert (answer.content == b"") == (status == 304)


def test_what_has_not_changed_since_is_not_sent_again(http: TestClient) -> None:
    kept(http)
    modified = http.get("/fhir/Observation/seen").headers["last-modified"]
    before = format_datetime(parsedate_to_datetime(modified) - timedelta(seconds=1), usegmt=True)

    for moment, status in ((modified, 304), (before, 200), ("yesterday", 200)):
        answer = http.get("/fhir/Observation/seen", headers={"if-modified-since": moment})
        assert answer.status_code == status


def test_a_tag_counts_more_than_a_time(http: TestClient) -> None:
    kept(http)
    modified = http.get("/fhir/Observation/seen").headers["last-modified"]
    both = {"if-modified-since": modified, "if-none-match": 'W/"1"'}

    assert http.get("/fhir/Observation/seen", headers=both).status_code == 200


@pytest.mark.parametrize("path", ["Observation/seen", "Observation/seen/_history/1", "metadata",
                                  "Observation/never", "Observation/seen/_history"])  # fmt: skip
def test_head_answers_like_get_without_the_body(http: TestClient, path: str) -> None:
    kept(http)
    get, head = http.get(f"/fhir/{path}"), http.head(f"/fhir/{path}")

    assert head.status_code == get.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == get.headers.get(name)


def test_unknown_and_forbidden_patients_are_answered_alike(engine: Engine) -> None:
    kept(served(engine))
    ann = seen_by(engine, only("ann"))

    answers = [ann.get(f"/fhir/Patient/{each}") for each in ("bob", "nobody")]

    assert ann.get("/fhir/Patient/ann").status_code == 200
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (only("ann"), 200),
        (only("bob"), 404),
        (only("ann", "Observation"), 200),
        (only("ann", "Patient"), 403),
        (only("ann", "Observation", (("status", "final"),)), 200),
        (only("ann", "Observation", (("status", "amended"),)), 404),
        (Caller("nobody", ()), 403),
    ],
)
def test_a_grant_opens_what_it_names_and_nothing_else(
    engine: Engine, caller: Caller, status: int
) -> None:
    kept(served(engine))
    http = seen_by(engine, caller)

    for path in ("seen", "seen/_history/2", "seen/_history/1", "seen/_history"):
        assert http.get(f"/fhir/Observation/{path}").status_code == status


def test_what_was_deleted_is_hidden_from_other_patients(engine: Engine) -> None:
    kept(served(engine))
    served(engine).delete("/fhir/Observation/seen")

    for whose, status in (("ann", 410), ("bob", 404)):
        assert seen_by(engine, only(whose)).get("/fhir/Observation/seen").status_code == status


def test_a_version_that_belonged_to_another_patient_stays_hidden(engine: Engine) -> None:
    kept(served(engine))
    moved = observation("Patient/bob", id="seen")
    keep(served(engine), moved)
    bob = seen_by(engine, only("bob"))

    assert bob.get("/fhir/Observation/seen").status_code == 200
    assert bob.get("/fhir/Observation/seen/_history/1").status_code == 404
    versions = bob.get("/fhir/Observation/seen/_history").json()["entry"]
    assert [each["resource"]["meta"]["versionId"] for each in versions] == ["3"]


def test_no_other_site_is_seen(engine: Engine) -> None:
    kept(served(engine))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE resource_version SET site = 'other'")
        connection.exec_driver_sql("UPDATE resource_head SET site = 'other'")
    http = served(engine)

    assert http.get("/fhir/Observation/seen").status_code == 404
    assert http.get("/fhir/Observation/seen/_history/1").status_code == 404
    assert http.get("/fhir/Observation/seen/_history").status_code == 404
    assert "entry" not in http.get("/fhir/_history").json()


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("_elements=code", {"code", "status"}),
        ("_summary=text", {"code", "status"}),
        ("_summary=true", {"code", "status", "subject", "effectiveDateTime", "valueQuantity"}),
    ],
)
def test_a_read_may_ask_for_a_part(http: TestClient, query: str, left: set[str]) -> None:
    kept(http)
    part = http.get(f"/fhir/Observation/seen?{query}").json()

    assert set(part) - {"resourceType", "id", "meta"} == left
    assert part["meta"]["tag"][0]["code"] == "SUBSETTED"


@pytest.mark.parametrize("query", ["_summary=count", "_summary=most", "_elements=", "code=1"])
def test_a_read_takes_no_other_parameters(http: TestClient, query: str) -> None:
    kept(http)

    assert http.get(f"/fhir/Observation/seen?{query}").status_code == 400
    assert http.get("/fhir/Observation/seen?_summary=false").status_code == 200
