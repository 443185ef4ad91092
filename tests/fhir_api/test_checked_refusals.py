"""What a check from outside found of refusals: each of these was answered otherwise once."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.instance import served

FHIR = "/fhir"
NAME = "Quillfeather 123-45-6789"


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@pytest.mark.parametrize(
    "content",
    [
        {NAME: 1},
        {"name": [{NAME: "x"}]},
        {"contact": [{"name": {NAME: {}}}]},
        {"maritalStatus": {"coding": [{NAME: 1}]}},
        {"extension": [{"url": "urn:x", NAME: 1}]},
        {"contained": [{"resourceType": "Organization", "id": "o", NAME: 1}]},
        {"q" * 100_000: 1},
    ],
)
@pytest.mark.parametrize("path", ["Patient", "Patient/$validate", ""])
def test_no_refusal_repeats_a_name_that_is_no_element(
    http: TestClient, path: str, content: dict[str, Any]
) -> None:
    patient = {"resourceType": "Patient", **content}
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    answer = http.post(f"{FHIR}/{path}", json=patient if path else bundle)

    assert "an element that R4 does not know" in answer.text
    assert NAME not in answer.text
    assert len(answer.text) < 5_000


@pytest.mark.parametrize(
    "reference", ["Patient/{}", "https://ehr.example/fhir/Patient/{}/_history/2"]
)
def test_a_resource_does_not_refer_to_a_pseudonym(http: TestClient, reference: str) -> None:
    subject = {"reference": reference.format("p1" + "a" * 32)}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}

    answer = http.post(f"{FHIR}/Observation", json={**observation, "subject": subject})

    assert answer.status_code == 422
    assert answer.json()["issue"][0]["code"] == "suppressed"
    assert "a" * 32 not in answer.text


@pytest.mark.parametrize("query", ["nope=1", "mode=nope"])
def test_validate_refuses_a_parameter_that_it_does_not_know(http: TestClient, query: str) -> None:
    answer = http.post(f"{FHIR}/Patient/$validate?{query}", json={"resourceType": "Patient"})

    assert answer.status_code == 400


def test_validate_takes_mode_and_profile_from_the_address(http: TestClient) -> None:
    address = f"{FHIR}/Patient/$validate?mode=create&profile=http://example.org/p"

    answer = http.post(address, json={"resourceType": "Patient"})

    assert "Profiles are not checked here" in answer.text


def test_a_slash_at_the_end_changes_nothing(http: TestClient) -> None:
    patient = {"resourceType": "Patient", "id": "ann"}

    assert http.put(f"{FHIR}/Patient/ann/", json=patient).status_code == 201
    assert http.post(f"{FHIR}/Patient/", json=patient).status_code == 201
    assert http.get(f"{FHIR}/Patient/ann/").json()["id"] == "ann"
    assert http.get(f"{FHIR}/Patient/?_id=ann").json()["entry"][0]["resource"]["id"] == "ann"
    for place in ("metadata/", "Patient/ann/_history/", "Patient/ann/_history/1/"):
        assert http.get(f"{FHIR}/{place}").status_code == 200
    assert http.post(f"{FHIR}/Patient/ann/", json=patient).status_code == 405
    assert http.get(f"{FHIR}/Patient//").status_code == 404
