"""One resource created, updated, patched or deleted over HTTP: R3, R4, R5 and their headers."""

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.fhir import FHIR_JSON, bundle, client, observation, organization, patient, stored
from tests.support.instance import served, trail
from tests.support.transactions import BY_IDENTIFIER


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def test_r3_a_create_is_a_201_with_the_address_of_the_version(http: TestClient) -> None:
    made = http.post("/fhir/Organization", json=organization("1"), headers=FHIR_JSON)

    location = made.headers["location"]
    assert made.status_code == 201
    assert location == made.headers["content-location"]
    assert location.startswith("http://testserver/fhir/Organization/")
    assert location.endswith("/_history/1")
    assert (made.headers["etag"], "last-modified" in made.headers) == ('W/"1"', True)
    assert http.get(location).json() == made.json()


def test_r3_a_body_of_another_type_is_a_400(http: TestClient) -> None:
    answer = http.post("/fhir/Patient", json=organization("1"), headers=FHIR_JSON)

    assert answer.status_code == 400


def test_r3_a_conditional_create_of_what_is_there_is_a_200_with_its_address(
    http: TestClient,
) -> None:
    http.put("/fhir/Organization/c", json=organization("77", id="c"), headers=FHIR_JSON)
    headers = FHIR_JSON | {"if-none-exist": BY_IDENTIFIER}

    found = http.post("/fhir/Organization", json=organization("77"), headers=headers)

    assert found.status_code == 200
    assert found.headers["location"].endswith("/fhir/Organization/c/_history/1")
    assert found.json()["id"] == "c"


def test_r4_an_update_of_nothing_creates_and_of_something_makes_a_version(
    http: TestClient,
) -> None:
    first = http.put("/fhir/Organization/o", json=organization("1", id="o"), headers=FHIR_JSON)
    second = http.put("/fhir/Organization/o", json=organization("2", id="o"), headers=FHIR_JSON)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == "http://testserver/fhir/Organization/o/_history/2"


def test_r4_the_same_content_keeps_the_version(http: TestClient, engine: Engine) -> None:
    for _ in range(2):
        same = http.put("/fhir/Organization/o", json=organization("1", id="o"), headers=FHIR_JSON)

    assert (same.status_code, same.headers["etag"]) == (200, 'W/"1"')
    assert len(stored(engine)) == 1


def test_r4_another_id_in_the_body_is_a_400(http: TestClient) -> None:
    answer = http.put("/fhir/Organization/o", json=organization("1", id="x"), headers=FHIR_JSON)

    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Organization.id"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"if-match": 'W/"2"'}, 412), ({"if-match": 'W/"1"'}, 200), ({"if-match": "*"}, 200),
     ({"if-none-match": "*"}, 412), ({"if-none-match": 'W/"1"'}, 412)],
)  # fmt: skip
def test_r4_demands_on_the_stored_version_are_met_or_412(
    http: TestClient, headers: dict[str, str], status: int
) -> None:
    http.put("/fhir/Organization/o", json=organization("1", id="o"), headers=FHIR_JSON)

    answer = http.put(
        "/fhir/Organization/o", json=organization("2", id="o"), headers=FHIR_JSON | headers
    )

    assert answer.status_code == status


def test_r4_a_conditional_update_over_http_creates_and_then_updates(http: TestClient) -> None:
    url = f"/fhir/Organization?{BY_IDENTIFIER}"

    first = http.put(url, json=organization("77"), headers=FHIR_JSON)
    second = http.put(url, json=organization("77", active=False), headers=FHIR_JSON)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert (
        http.put("/fhir/Organization", json=organization("1"), headers=FHIR_JSON).status_code == 400
    )


def test_r5_a_delete_is_a_204_however_often_and_the_resource_is_gone(http: TestClient) -> None:
    http.put("/fhir/Organization/o", json=organization("1", id="o"), headers=FHIR_JSON)

    answers = [http.delete("/fhir/Organization/o") for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 204]
    assert http.get("/fhir/Organization/o").status_code == 410
    assert http.delete("/fhir/Organization/never").status_code == 204


def test_r5_a_delete_by_query_ends_one_and_refuses_to_ask_nothing(http: TestClient) -> None:
    http.put("/fhir/Organization/o", json=organization("77", id="o"), headers=FHIR_JSON)

    assert http.delete("/fhir/Organization").status_code == 400
    assert http.delete(f"/fhir/Organization?{BY_IDENTIFIER}").status_code == 204
    assert http.get("/fhir/Organization/o").status_code == 410


def test_r5_a_deleted_resource_comes_back_as_its_next_version(http: TestClient) -> None:
    for _ in range(2):
        back = http.put("/fhir/Organization/o", json=organization("1", id="o"), headers=FHIR_JSON)
        http.delete("/fhir/Organization/o")

    assert back.headers["etag"] == 'W/"3"'


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [("return=minimal", None), ("return=representation", "Organization"),
     ("return=OperationOutcome", "OperationOutcome"), ("", "Organization"),
     ("respond-async, return=minimal", None)],
)  # fmt: skip
def test_the_answer_holds_what_is_preferred(
    http: TestClient, prefer: str, kind: str | None
) -> None:
    headers = FHIR_JSON | {"prefer": prefer}

    answer = http.post("/fhir/Organization", json=organization("1"), headers=headers)

    assert (answer.json()["resourceType"] if answer.content else None) == kind
    assert answer.headers["etag"] == 'W/"1"'


def test_what_is_wrong_is_named_by_element_or_header_and_never_by_value(http: TestClient) -> None:
    bad = observation("Patient/a", status="Quillfeather")
    headers = FHIR_JSON | {"if-none-exist": "nonsense=Quillfeather"}

    structure = http.post("/fhir/Observation", json=bad, headers=FHIR_JSON)
    criteria = http.post("/fhir/Patient", json=patient(), headers=headers)

    assert structure.json()["issue"][0]["expression"] == ["Observation.status"]
    assert criteria.json()["issue"][0]["expression"] == ["If-None-Exist"]
    assert "Quillfeather" not in structure.text + criteria.text


def test_every_write_is_on_record_by_what_was_done(engine: Engine) -> None:
    http = served(engine)
    patch = [{"op": "replace", "path": "/active", "value": False}]
    as_patch = {"content-type": "application/json-patch+json"}
    url = f"/fhir/Organization?{BY_IDENTIFIER}"

    http.put(url, json=organization("77"), headers=FHIR_JSON)
    http.patch(url, content=json.dumps(patch), headers=as_patch)
    http.delete(url)
    http.post("/fhir", json=bundle("batch"), headers=FHIR_JSON)
    http.post("/fhir", json=bundle("transaction", 7), headers=FHIR_JSON)

    recorded = [(row["interaction"], row["status"]) for row in trail(engine)]
    assert recorded == [
        ("update", 201),
        ("patch", 200),
        ("delete", 204),
        ("batch", 200),
        ("transaction", 400),
    ]


def test_a_bundle_is_posted_to_the_base_and_nothing_else_is(http: TestClient) -> None:
    sent = bundle("batch")

    assert http.post("/fhir", json=sent, headers=FHIR_JSON).status_code == 200
    assert http.post("/fhir", json=patient(), headers=FHIR_JSON).status_code == 400
