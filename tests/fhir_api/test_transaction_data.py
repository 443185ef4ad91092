"""Bundles of others, as they come: Microsoft's, Synthea's, one of a thousand entries, and noise."""

import bz2
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tests.support.data import shared_data
from tests.support.fhir import FHIR_JSON, client, observation, organization, patient, post
from tests.support.transactions import located, places, send, statuses, transact

MICROSOFT = "ms_fhir_server_bundles"
ANSWERS: dict[str, list[str]] = {
    "Batch": ["201", "201", "201", "201", "412", "204", "204", "400", "400", "404"],
    "BatchWithInvalidEleEnums": [
        "422", "201", "422", "201", "422", "204", "204", "400", "400", "404",
    ],
    "TransactionWithInvalidProcessingRecord": ["201"] * 7,
}  # fmt: skip
REFUSED: dict[str, tuple[int, str]] = {
    "InvalidBundleType": (400, "Bundle.type"),
    "TypeMissing": (400, "Bundle.type"),
    "Transaction": (400, "Bundle.entry[7].request.url"),  # ValueSet/$lookup
    "TransactionWithAllValidRoutes": (400, "Bundle.entry[4].request.url"),  # by name, never kept
    "TransactionWithConditionalCreateAndReference": (
        422,
        "Bundle.entry[0].resource.identifier[0].system",  # empty
    ),
    "TransactionWithConditionalReferenceInResourceBody": (
        412,
        "Bundle.entry[0].resource.subject.reference",
    ),
    "TransactionWithInvalidProcessingRoutes": (400, "Bundle.entry[1].request.url"),
    "TransactionWithInvalidResourceType": (400, "Bundle.entry[0].resource.subject.reference"),
    "TransactionWithMetaHistory": (400, "Bundle.entry[0].request.url"),
    "TransactionWithMultipleResourcesWithSameFullUrl": (400, "Bundle.entry[3].request.url"),
}
HL7 = {"hla-1": {"201"}, "xds": {"201"}, "bundle-request-medsallergies": {"404", "400"}}
STORED = text("SELECT count(*) FROM resource_version")


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def post_file(http: TestClient, data: bytes) -> Any:
    return http.post("/fhir", content=data, headers=FHIR_JSON)


def microsoft(name: str) -> bytes:
    return (shared_data(MICROSOFT) / f"Bundle-{name}.json").read_bytes()


@pytest.mark.parametrize("name", ["Batch", "BatchWithInvalidEleEnums",
                                  "TransactionWithInvalidProcessingRecord"])  # fmt: skip
def test_what_microsoft_sends_is_answered_entry_by_entry(http: TestClient, name: str) -> None:
    answer = post_file(http, microsoft(name))

    assert answer.status_code == 200
    assert statuses(answer) == ANSWERS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_microsoft_expects_to_fail_fails_at_its_place(
    http: TestClient, engine: Engine, name: str
) -> None:
    status, place = REFUSED[name]

    answer = post_file(http, microsoft(name))

    assert answer.status_code == status
    assert places(answer)[0] == place
    with engine.connect() as connection:
        assert connection.execute(STORED).scalar() == 0


def test_microsofts_conditional_references_find_a_patient_once_it_is_there(
    http: TestClient,
) -> None:
    too_early = post_file(http, microsoft("TransactionWithReferenceInResourceBody"))
    there = post_file(http, microsoft("Batch")).json()["entry"][1]
    answer = post_file(http, microsoft("TransactionWithReferenceInResourceBody"))

    seen = answer.json()["entry"][0]
    assert too_early.status_code == 412
    assert statuses(answer) == ["201"] * 6
    assert http.get(f"/fhir/{located(seen)}").json()["subject"]["reference"] == located(there)


def test_us_core_is_refused_for_what_is_wrong_with_it_alone(http: TestClient) -> None:
    bundle = shared_data("us_core_bundles") / "USCore6-resource-bundle.json"

    answer = post_file(http, bundle.read_bytes())

    assert answer.status_code == 422
    assert set(places(answer)) == {
        f"Bundle.entry[{index}].resource.encounter.reference" for index in (26, 27)
    }


@pytest.mark.parametrize("name", HL7)
def test_what_hl7_gives_as_an_example_is_answered(http: TestClient, name: str) -> None:
    with zipfile.ZipFile(shared_data("hl7_fhir_r4_examples") / "examples.zip") as archive:
        data = archive.read(f"Bundle-{name}.json")

    assert set(statuses(post_file(http, data))) == HL7[name]


def synthea(*words: str) -> list[bytes]:
    """Files of Synthea's: those whose names begin with the words, and the smallest patient."""
    folder = shared_data("synthea_r4_nonotes")
    first = [each for word in words for each in sorted(folder.glob(f"{word}*"))]
    people = sorted(folder.glob("[A-Z]*.bz2"), key=lambda each: each.stat().st_size)
    return [unpacked(each) for each in (*first, people[0])]


def unpacked(path: Path) -> bytes:
    return bz2.decompress(path.read_bytes())


def test_synthea_is_stored_whole_and_a_second_time_changes_nothing(
    http: TestClient, engine: Engine
) -> None:
    files = synthea("hospital", "practitioner")

    first = [post_file(http, each) for each in files]
    with engine.connect() as connection:
        stored = connection.execute(STORED).scalar()
    again = [post_file(http, each) for each in files]

    assert {each.status_code for each in (*first, *again)} == {200}
    assert {status for each in again for status in statuses(each)} == {"200"}
    with engine.connect() as connection:
        assert connection.execute(STORED).scalar() == stored == sum(map(len, map(statuses, first)))


def test_a_thousand_entries_are_no_special_case(http: TestClient) -> None:
    name = "urn:uuid:0aaa1111-2222-4333-8444-555566667777"
    entries = [post(patient(), name), *(post(observation(name)) for _ in range(999))]

    answers = transact(http, *entries)

    assert len({located(each) for each in answers}) == 1000
    last = http.get(f"/fhir/{located(answers[-1])}").json()
    assert last["subject"]["reference"] == located(answers[0])


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", ""]
URLS = [
    "Patient", "Patient/a", "Patient?identifier=a|b", "Patient?", "Patient?_id=%00", "Patient//",
    "Patient?identifier=a|b,c", "Patient?active=true&active=false", "/", "", "?", "_history",
    "Patient/_history", "Patient/a/_history/1", "Patient/a/_history/99999999999", "$everything",
    "http://a.example/fhir/Patient/a", "http://", "Patient/a?b=c", "Nope/a", "Patient/%2e%2e",
    "Observation?subject.name=x", "Observation?date=x", "Patient/\x00", "Patient?_has:x",
]  # fmt: skip
loose = st.sampled_from(
    [None, 7, "", "x", [], {}, [{}], {"a": []}, {"resourceType": "Patient"}, True, "*", 'W/"1"']
)
resources = st.sampled_from(
    [
        patient(), patient(id="a"), organization("1"), observation("Patient?identifier=a|b"),
        observation("Patient?x"), observation("Nope?identifier=1"), {"resourceType": "Binary"},
        {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "W10="},
        {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "ezp="},
        {"resourceType": "Parameters"},
    ]
)  # fmt: skip
request = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS) | loose, "url": st.sampled_from(URLS) | loose},
    optional={"ifNoneExist": st.sampled_from(["identifier=a|b", "active=true", "x=y"]) | loose,
              "ifMatch": loose, "ifNoneMatch": loose},
)  # fmt: skip
entry = st.fixed_dictionaries(
    {"request": request | loose},
    optional={"resource": resources | loose, "fullUrl": st.sampled_from(URLS) | loose},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.lists(entry | loose, max_size=4), st.sampled_from(["batch", "transaction", "history"]))
def test_entries_of_any_shape_are_never_our_mistake(
    http: TestClient, entries: list[Any], kind: str
) -> None:
    answer = send(http, kind, *json.loads(json.dumps(entries)))

    assert 200 <= answer.status_code < 500, answer.text
    outcomes = [answer.json()]
    if answer.status_code == 200:
        assert all(status[0] != "5" for status in statuses(answer)), answer.text
        outcomes = [each["response"].get("outcome", {}) for each in answer.json().get("entry", [])]
    issues = [issue for outcome in outcomes for issue in outcome.get("issue", [])]
    assert all(each["expression"][0].startswith("Bundle") for each in issues)
