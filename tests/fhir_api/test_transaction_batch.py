"""A batch, in which each entry stands for itself, and a history: TX18 and TX19."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.ingest.cleaning import cleaned
from tests.support.fhir import (
    JOHN,
    bundle,
    client,
    ingestor,
    observation,
    organization,
    patient,
    post,
    put,
    stored,
)
from tests.support.transactions import (
    BY_IDENTIFIER,
    delete,
    get,
    patch,
    put_where,
    send,
    statuses,
)

GOOD = put(observation("Patient/a", id="seen"))


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def test_tx18_a_failing_entry_carries_its_own_status_and_outcome(http: TestClient) -> None:
    answer = send(
        http,
        "batch",
        GOOD,
        post(observation("Patient/a", status="no")),
        get("Patient/nobody"),
        delete("Patient/nobody"),
        patch("Organization/nobody", {"op": "remove", "path": "/active"}),
        put_where(organization("1"), BY_IDENTIFIER, ifMatch='W/"7"'),
    )

    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")
    assert statuses(answer) == ["201", "422", "404", "204", "404", "412"]
    outcome = answer.json()["entry"][1]["response"]["outcome"]
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    assert http.get("/fhir/Observation/seen").status_code == 200


def test_tx18_entries_of_one_resource_are_its_versions_in_order(
    http: TestClient, engine: Engine
) -> None:
    answer = send(http, "batch", put(organization("1", id="o")), put(organization("2", id="o")))

    assert statuses(answer) == ["201", "200"]
    assert stored(engine) == [("Organization", 1), ("Organization", 2)]


def test_tx18_an_entry_that_names_another_is_refused_with_a_clear_message(
    http: TestClient, engine: Engine
) -> None:
    answer = send(http, "batch", post(patient(), JOHN), post(observation()))

    assert statuses(answer) == ["201", "400"]
    assert "send one" in str(answer.json()["entry"][1]["response"]["outcome"])
    assert stored(engine) == [("Patient", 1)]


def test_tx18_a_reference_that_needs_no_new_id_is_no_such_name(http: TestClient) -> None:
    john = put(patient(id="john")) | {"fullUrl": "http://a.example/fhir/Patient/john"}

    answer = send(http, "batch", john, post(observation("Patient/john")))

    assert statuses(answer) == ["201", "201"]


def test_tx18_conditional_entries_of_a_batch_find_what_is_stored(http: TestClient) -> None:
    send(http, "batch", put(organization("77", id="c")))

    answer = send(
        http,
        "batch",
        post(organization("77"), ifNoneExist=BY_IDENTIFIER),
        put_where(organization("77", active=False), BY_IDENTIFIER),
        get("Organization?active=false"),
    )

    assert statuses(answer) == ["200", "200", "200"]
    assert len(answer.json()["entry"][2]["resource"]["entry"]) == 1


def test_tx18_an_entry_on_which_we_break_takes_no_other_with_it(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(plan: Any, *rest: Any) -> Any:
        if any(each.resource_type == "Patient" for each in plan.standing()):
            raise KeyError("Quillfeather")
        return cleaned(plan, *rest)

    monkeypatch.setattr("fhir_api.ingest.attempt.cleaned", breaks)
    answer = send(http, "batch", GOOD, post(patient()), put(organization("1", id="o")))

    assert statuses(answer) == ["201", "500", "201"]
    assert "Quillfeather" not in answer.text


def test_tx19_a_history_is_taken_in_oldest_version_first(http: TestClient) -> None:
    gone = {"request": {"method": "DELETE", "url": "Organization/gone"}}
    first = put(organization("1", id="o", active=True))
    second = {"resource": organization("1", id="o", active=False),
              "request": {"method": "POST", "url": "Organization"}}  # fmt: skip
    there = put(organization("2", id="gone"))

    answer = send(http, "history", gone, second, there, first)

    assert statuses(answer) == ["204", "200", "201", "201"]
    assert http.get("/fhir/Organization/o").json()["active"] is False
    assert http.get("/fhir/Organization/o/_history/1").json()["active"] is True
    assert http.get("/fhir/Organization/gone").status_code == 410


@pytest.mark.parametrize("kind", ["collection", "searchset", "document", "nonsense", None, 7])
def test_tx19_other_bundles_are_refused_with_the_place(http: TestClient, kind: Any) -> None:
    answer = http.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": [GOOD]})

    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Bundle.type"]


def test_a_file_may_join_the_entries_of_a_batch(engine: Engine) -> None:
    results = ingestor(engine).batch(bundle("batch", post(patient(), JOHN), post(observation())))

    assert [each.status for each in results] == ["201 Created"] * 2
