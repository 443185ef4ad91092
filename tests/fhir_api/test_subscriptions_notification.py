"""Notification Bundles by the backport, and the operations that answer with them."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from fhir_api.json_text import parse
from fhir_api.validation.validator import Validator
from tests.support.fhir import FHIR_JSON
from tests.support.subscriptions import (
    BACKPORT,
    BASE,
    RISK,
    STAY,
    client,
    drain,
    focuses,
    numbers,
    parameter,
    parameters,
    receiver,
    resource_store,
    risk,
    rules,
    stay,
    stored_id,
    subscription,
    worker,
)

PROFILE = BACKPORT + "subscription-"


class Told:
    """A subscriber that was told of three stays."""

    def __init__(self, engine: Engine, content: str) -> None:
        self.engine = engine
        with receiver() as hook:
            self.http = client(engine, rules(hook.url))
            sent = subscription(hook.url, content=content)
            self.id = self.http.post("/fhir/Subscription", json=sent, headers=FHIR_JSON).json()[
                "id"
            ]
            delivers = worker(engine, rules(hook.url), hook.url)
            drain(delivers, engine)
            resource_store(engine).write([stay("1", "in-progress")])
            resource_store(engine).write([stay("1"), stay("2"), stay("3", length=decimal("1.10"))])
            drain(delivers, engine)
            self.bundles = hook.bundles

    def get(self, path: str) -> Any:
        return self.http.get(f"/fhir/Subscription{path}")

    def events(self, query: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/{self.id}/$events{query}").json()
        return found


def decimal(text: str) -> dict[str, Any]:
    return {"value": Decimal(text), "unit": "d"}


@pytest.fixture
def told(engine: Engine) -> Told:
    return Told(engine, "id-only")


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_every_notification_is_valid_r4(engine: Engine, content: str) -> None:
    for bundle in Told(engine, content).bundles:
        assert Validator().validate(parse(json.dumps(bundle).encode())) == []


def test_a_notification_is_a_history_that_begins_with_the_status(told: Told) -> None:
    for bundle in told.bundles:
        first = bundle["entry"][0]
        assert bundle["type"] == "history"
        assert bundle["meta"]["profile"] == [PROFILE + "notification-r4"]
        assert first["resource"]["meta"]["profile"] == [PROFILE + "status-r4"]
        assert first["request"]["url"] == f"{BASE}/Subscription/{told.id}/$status"


def test_the_status_names_subscription_topic_and_count(told: Told) -> None:
    newest = told.bundles[-1]
    reference = {"reference": f"{BASE}/Subscription/{told.id}"}

    assert parameter(newest, "subscription") == reference
    assert parameter(newest, "topic") == STAY
    assert parameter(newest, "type") == "event-notification"
    assert parameter(newest, "events-since-subscription-start") == "3"


def test_id_only_tells_addresses_and_no_resource(told: Told) -> None:
    newest = told.bundles[-1]

    assert sorted(focuses(newest)) == ["Encounter/1", "Encounter/2", "Encounter/3"]
    assert all("resource" not in entry for entry in newest["entry"][1:])
    assert {entry["fullUrl"] for entry in newest["entry"][1:]} == {
        f"{BASE}/Encounter/{id_}" for id_ in "123"
    }


def test_a_created_focus_was_posted_and_a_changed_one_was_put(told: Told) -> None:
    asked = {
        entry["fullUrl"][-1]: (entry["request"]["method"], entry["response"]["status"])
        for entry in told.bundles[-1]["entry"][1:]
    }

    assert asked == {"1": ("PUT", "200"), "2": ("POST", "201"), "3": ("POST", "201")}


def test_empty_tells_that_something_happened_and_not_what(engine: Engine) -> None:
    newest = Told(engine, "empty").bundles[-1]

    assert numbers(newest) == [1, 2, 3]
    assert focuses(newest) == []
    assert len(newest["entry"]) == 1
    assert stored_id("Encounter", "1") not in str(newest)


def test_full_resource_tells_the_version_under_real_ids(engine: Engine) -> None:
    entries = Told(engine, "full-resource").bundles[-1]["entry"][1:]
    bodies = {entry["resource"]["id"]: entry["resource"] for entry in entries}

    assert set(bodies) == {"1", "2", "3"}
    assert bodies["1"]["subject"] == {"reference": "Patient/ann"}
    assert bodies["1"]["meta"]["versionId"] == "2"
    assert bodies["3"]["length"]["value"] == 1.1


def test_events_of_the_past_are_given_by_number(told: Told) -> None:
    assert numbers(told.events()) == [1, 2, 3]
    assert numbers(told.events("?eventsSinceNumber=2")) == [2, 3]
    assert numbers(told.events("?eventsUntilNumber=2")) == [1, 2]
    assert numbers(told.events("?eventsSinceNumber=2&eventsUntilNumber=2")) == [2]
    assert numbers(told.events("?eventsSinceNumber=9")) == []


def test_past_events_say_that_they_were_asked_for(told: Told) -> None:
    past = told.events()

    assert Validator().validate(past) == []
    assert parameter(past, "type") == "query-event"
    assert parameter(past, "events-since-subscription-start") == "3"


@pytest.mark.parametrize(
    ("content", "entries", "resources"),
    [("empty", 1, 0), ("id-only", 4, 0), ("full-resource", 4, 3)],
)
def test_the_content_of_past_events_may_be_chosen(
    told: Told, content: str, entries: int, resources: int
) -> None:
    found = told.events(f"?content={content}")["entry"]

    assert len(found) == entries
    assert sum("resource" in entry for entry in found[1:]) == resources


@pytest.mark.parametrize(
    "query",
    ["?eventsSinceNumber=x", "?eventsSinceNumber=-1", f"?eventsUntilNumber={'9' * 40}",
     "?content=everything"],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_a_400(told: Told, query: str) -> None:
    assert told.get(f"/{told.id}/$events{query}").status_code == 400


def test_operations_may_be_posted_as_parameters(told: Told) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "eventsSinceNumber", "valueString": "3"}],
    }
    path = f"/fhir/Subscription/{told.id}/$events"

    assert numbers(told.http.post(path, json=asked, headers=FHIR_JSON).json()) == [3]
    wrong = told.http.post(path, json={"resourceType": "Patient"}, headers=FHIR_JSON)
    assert wrong.status_code == 400


def test_the_status_of_one_subscription_is_a_searchset_of_one(told: Told) -> None:
    answer = told.get(f"/{told.id}/$status").json()

    assert Validator().validate(answer) == []
    assert (answer["type"], answer["total"]) == ("searchset", 1)
    assert parameter(answer, "type") == "query-status"
    assert parameter(answer, "status") == "active"
    assert told.get("/nothing/$status").status_code == 404


def test_the_status_of_many_is_chosen_by_id_and_status(told: Told) -> None:
    sent = subscription("https://hook.example/", RISK)
    http = client(told.engine, rules("https://hook.example/"))
    other = http.post("/fhir/Subscription", json=sent, headers=FHIR_JSON).json()["id"]

    def found(query: str) -> set[str]:
        bundle = told.get(f"/$status{query}").json()
        references = [
            each["resource"]["parameter"][0]["valueReference"] for each in bundle.get("entry", [])
        ]
        return {each["reference"].rpartition("/")[2] for each in references}

    assert found("") == {told.id, other}
    assert found(f"?id={other}") == {other}
    assert found("?status=active") == {told.id}
    assert found("?status=active&status=requested") == {told.id, other}
    assert found("?id=nothing") == set()


def test_a_websocket_token_is_not_offered(told: Told) -> None:
    assert told.get("/$get-ws-binding-token").status_code == 404
    assert told.get(f"/{told.id}/$get-ws-binding-token").status_code == 404


def test_no_notification_holds_a_pseudonym_for_a_caller_who_sees_real_ids(engine: Engine) -> None:
    for content in ("id-only", "full-resource"):
        assert stored_id("Encounter", "1") not in str(Told(engine, content).bundles)


def test_the_numbers_of_a_notification_are_text_as_the_backport_has_them(told: Told) -> None:
    for each in parameters(told.bundles[-1]):
        assert "valueInteger" not in each


def test_a_risk_is_told_by_its_own_id(engine: Engine) -> None:
    with receiver() as hook:
        http = client(engine, rules(hook.url))
        http.post("/fhir/Subscription", json=subscription(hook.url, RISK), headers=FHIR_JSON)
        delivers = worker(engine, rules(hook.url), hook.url)
        drain(delivers, engine)
        resource_store(engine).write([risk("score-7", 31)])
        drain(delivers, engine)

        assert focuses(hook.bundles[-1]) == ["RiskAssessment/score-7"]
