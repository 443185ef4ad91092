"""JSON Patch (RFC 6902) on a resource and inside a Bundle: R6, TX5 and TX17."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.ingest.settings import build_ingestor
from tests.support.fhir import (
    FHIR_JSON,
    bundle,
    client,
    observation,
    organization,
    patient,
    post,
    put,
    settings,
)
from tests.support.transactions import patch, places, send, transact

JSON_PATCH = {"content-type": "application/json-patch+json"}
AMEND = {"op": "replace", "path": "/status", "value": "amended"}
SEEN = observation("Patient/ann", id="seen", performer=[{"reference": "Organization/o"}])


@pytest.fixture
def http(engine: Engine) -> TestClient:
    made = client(engine)
    transact(made, put(patient(id="ann")), put(SEEN), put(organization("1", id="o")))
    return made


def change(http: TestClient, url: str, *operations: Any, **headers: str) -> Any:
    """The answer to a patch of one resource."""
    content = json.dumps(operations)
    return http.patch(f"/fhir/{url}", content=content, headers=JSON_PATCH | headers)


def body(engine: Engine, kind: str, version: int) -> dict[str, Any]:
    """What is stored of the one resource of a type."""
    query = "SELECT body FROM resource_version WHERE resource_type = :kind AND version = :version"
    with engine.connect() as connection:
        found: dict[str, Any] = connection.execute(
            text(query), {"kind": kind, "version": version}
        ).scalar_one()
        return found


def test_r6_a_patch_changes_what_it_names_and_nothing_else(
    http: TestClient, engine: Engine
) -> None:
    answer = change(http, "Observation/seen", AMEND)

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert answer.json()["status"] == "amended"
    assert answer.json()["effectiveDateTime"] == "2020-02-29T10:00:00+01:00"
    assert body(engine, "Observation", 2) == body(engine, "Observation", 1) | {"status": "amended"}


def test_r6_dates_and_references_are_patched_as_the_caller_knows_them(http: TestClient) -> None:
    when = {"op": "replace", "path": "/effectiveDateTime", "value": "2021-03-04"}
    who = {"op": "add", "path": "/performer/-", "value": {"reference": "Practitioner/7"}}

    patched = change(http, "Observation/seen", when, who).json()

    assert patched["effectiveDateTime"] == "2021-03-04"
    assert [each["reference"] for each in patched["performer"]] == [
        "Organization/o",
        "Practitioner/7",
    ]


def test_r6_identifiers_survive_a_patch_and_still_find_the_resource(http: TestClient) -> None:
    change(http, "Organization/o", {"op": "replace", "path": "/active", "value": False})

    [found] = transact(
        http, post(organization("1"), ifNoneExist="identifier=http://orgs.example|1")
    )

    assert found["response"]["location"] == "Organization/o/_history/2"
    assert http.get("/fhir/Organization/o").json()["identifier"] == organization("1")["identifier"]


def test_r6_a_failing_test_is_a_422_and_nothing_is_stored(http: TestClient) -> None:
    guess = {"op": "test", "path": "/status", "value": "Quillfeather"}

    answer = change(http, "Observation/seen", guess, AMEND)

    assert answer.status_code == 422
    assert "operation 0" in answer.text
    assert "Quillfeather" not in answer.text
    assert http.get("/fhir/Observation/seen").json()["meta"]["versionId"] == "1"


def test_r6_what_was_dropped_is_not_there_to_be_patched(http: TestClient) -> None:
    name = {"op": "replace", "path": "/name/0/family", "value": "Quillfeather"}

    answer = change(http, "Patient/ann", name)

    assert answer.status_code == 422
    assert "Quillfeather" not in answer.text


def test_r6_what_a_patch_adds_is_de_identified(http: TestClient, engine: Engine) -> None:
    name = {"op": "add", "path": "/name", "value": [{"family": "Quillfeather"}]}
    gender = {"op": "replace", "path": "/gender", "value": "female"}

    assert change(http, "Patient/ann", name, gender).status_code == 200

    assert "Quillfeather" not in str(body(engine, "Patient", 2))
    assert http.get("/fhir/Patient/ann").json()["gender"] == "female"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/status", "value": "no-such-status"},
        {"op": "remove", "path": "/code"},
        {"op": "replace", "path": "/id", "value": "other"},
        {"op": "replace", "path": "/resourceType", "value": "Patient"},
        {"op": "replace", "path": "", "value": {"resourceType": "Patient"}},
        {"op": "replace", "path": "", "value": 7},
        {"op": "remove", "path": ""},
        {"op": "remove", "path": "/nothing/here"},
        {"op": "move", "from": "/code", "path": "/code/coding"},
        {"op": "add", "path": "/category/9", "value": 1},
        {"op": "copy", "from": "/x/y", "path": "/z"},
    ],
)
def test_r6_a_result_that_is_not_right_is_a_422(http: TestClient, operation: Any) -> None:
    answer = change(http, "Observation/seen", operation)

    assert answer.status_code == 422
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "sent",
    [b"{}", b"7", b"[7]", b'[{"op":"add","path":"/a"}]', b'[{"op":"x","path":"/a","value":1}]',
     b'[{"op":"add","path":7,"value":1}]', b'[{"op":["add"],"path":"/a","value":1}]', b"[",
     b'[{"op":"copy","path":"/a","from":7}]'],
)  # fmt: skip
def test_r6_what_is_no_patch_is_a_400(http: TestClient, sent: bytes) -> None:
    answer = http.patch("/fhir/Observation/seen", content=sent, headers=JSON_PATCH)

    assert answer.status_code == 400


def test_r6_operations_that_fill_the_memory_are_stopped(http: TestClient) -> None:
    double = {"op": "copy", "from": "/extension", "path": "/extension/-"}
    first = {"op": "add", "path": "/extension", "value": [{"url": "http://x.example/" + "a" * 900}]}

    answer = change(http, "Observation/seen", first, *[double] * 40)

    assert answer.status_code == 422


def test_r6_a_patch_of_a_version_that_is_not_stored_is_a_412(http: TestClient) -> None:
    change(http, "Observation/seen", AMEND)

    stale = change(http, "Observation/seen", AMEND, **{"if-match": 'W/"1"'})

    assert stale.status_code == 412


def test_r6_nothing_to_patch_is_a_404_and_a_deleted_resource_a_410(http: TestClient) -> None:
    http.delete("/fhir/Observation/seen")

    assert change(http, "Observation/nobody", AMEND).status_code == 404
    assert change(http, "Observation/seen", AMEND).status_code == 410


def test_r6_a_patch_by_query_changes_the_one_match(http: TestClient) -> None:
    shut = {"op": "replace", "path": "/active", "value": False}

    one = change(http, "Organization?identifier=http://orgs.example|1", shut)
    none = change(http, "Organization?identifier=http://orgs.example|9", shut)

    assert (one.status_code, none.status_code) == (200, 404)
    assert one.headers["location"].endswith("/fhir/Organization/o/_history/2")


def test_r6_fhirpath_patch_is_refused_and_says_so(http: TestClient) -> None:
    parameters = {"resourceType": "Parameters", "parameter": []}
    request = {"method": "PATCH", "url": "Observation/seen"}

    alone = http.patch("/fhir/Observation/seen", json=parameters, headers=FHIR_JSON)
    inside = send(http, "transaction", {"resource": parameters, "request": request})

    assert (alone.status_code, inside.status_code) == (415, 400)
    assert "FHIRPath Patch" in alone.text
    assert "FHIRPath Patch" in inside.text


def test_a_bundle_patches_with_a_binary_and_names_the_entry_that_fails(http: TestClient) -> None:
    missing = {"op": "remove", "path": "/nothing"}

    [done] = transact(http, patch("Observation/seen", AMEND), prefer="return=representation")
    failed = send(http, "transaction", post(patient()), patch("Observation/seen", missing))

    assert done["resource"]["status"] == "amended"
    assert failed.status_code == 422
    assert places(failed) == ["Bundle.entry[1]"]


def test_a_site_without_a_vault_patches_nothing_and_says_why(engine: Engine) -> None:
    bare = build_ingestor(settings("", vault=False), engine)
    shut = {"op": "replace", "path": "/active", "value": False}
    bare.transaction(bundle("transaction", put(organization("1", id="o"))))

    [answer] = bare.batch(bundle("batch", patch("Organization/o", shut)))

    assert "send a PUT" in str(answer)
