"""A condition tells a limited caller nothing of others: what is hidden is answered like nothing."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit
from tests.support.fhir import FHIR_JSON, client, observation, patient, post, put
from tests.support.instance import seen_by
from tests.support.transactions import places, send, transact

JSON_PATCH = {"content-type": "application/json-patch+json"}
AMENDED = json.dumps([{"op": "replace", "path": "/status", "value": "amended"}])
NOTHING = "patient=bob&code=http://nowhere.example|x"
HIDDEN = ["patient=bob", "patient=bob&_id=of-bob", "identifier=o|1"]
MRN = [{"system": "a", "value": "bob"}]


@pytest.fixture
def ann(engine: Engine) -> TestClient:
    """A client limited to the records of Ann; of Bob there are more."""
    seen = observation("Patient/bob", id="of-bob", identifier=[{"system": "o", "value": "1"}])
    transact(
        client(engine),
        put(patient(id="ann")),
        put(patient(id="bob", identifier=MRN)),
        put(observation("Patient/ann", id="of-ann")),
        put(seen),
        put(observation("Patient/bob", id="of-bob-too")),
    )
    return seen_by(engine, Caller("app", (Grant(ANY, EVERYTHING, Limit("ann")),)))


def status(ann: TestClient, method: str, query: str, subject: str) -> int:
    """How a conditional interaction is answered."""
    path = f"/fhir/Observation?{query}"
    body = json.dumps(observation(subject))
    if method == "DELETE":
        return ann.delete(path).status_code
    if method == "PATCH":
        return ann.patch(path, content=AMENDED, headers=JSON_PATCH).status_code
    if method == "PUT":
        return ann.put(path, content=body, headers=FHIR_JSON).status_code
    headers = FHIR_JSON | {"if-none-exist": query}
    return ann.post("/fhir/Observation", content=body, headers=headers).status_code


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "POST"])
@pytest.mark.parametrize("query", HIDDEN)
@pytest.mark.parametrize("subject", ["Patient/ann", "Patient/bob"])
def test_what_is_hidden_is_answered_like_nothing(
    ann: TestClient, method: str, query: str, subject: str
) -> None:
    expected = status(ann, method, NOTHING, subject)

    assert status(ann, method, query, subject) == expected
    assert expected in {201, 403, 404}


def test_what_is_hidden_stays_as_it_was(ann: TestClient, engine: Engine) -> None:
    for method in ("DELETE", "PATCH", "PUT", "POST"):
        status(ann, method, "identifier=o|1", "Patient/ann")

    kept = client(engine).get("/fhir/Observation/of-bob").json()
    assert (kept["meta"]["versionId"], kept["status"]) == ("1", "final")


def test_a_condition_finds_what_is_inside_among_what_is_hidden(ann: TestClient) -> None:
    assert status(ann, "PATCH", "status=final", "Patient/ann") == 200


@pytest.mark.parametrize("value", ["a|bob", "a|nobody"])
def test_a_conditional_reference_to_another_patient_finds_nobody(
    ann: TestClient, value: str
) -> None:
    sent: Any = observation("Patient/ann", focus=[{"reference": f"Patient?identifier={value}"}])

    answer = send(ann, "transaction", post(sent))

    assert answer.status_code in {404, 412}
    assert places(answer) == ["Bundle.entry[0].resource.focus[0].reference"]
    assert "matches no Patient" in answer.text


def test_a_conditional_reference_to_what_belongs_to_nobody_is_found(
    ann: TestClient, engine: Engine
) -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr"}
    transact(client(engine), put(doctor | {"identifier": [{"system": "n", "value": "7"}]}))
    named = [{"reference": "Practitioner?identifier=n|7"}]

    answer = send(ann, "transaction", post(observation("Patient/ann", performer=named)))

    assert answer.status_code == 200
