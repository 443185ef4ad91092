"""Through the whole API: a Bundle comes in, a subscriber is told, and reads what it was told of."""

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router
from fhir_api.subscriptions.rules import SubscriptionRules
from fhir_api.validation.validator import Validator
from privacy.policy import load_policy
from tests.support.fhir import FHIR_JSON, NOW, SITE, bundle, patient, post, put, serving
from tests.support.subscriptions import (
    BACKPORT,
    BASE,
    STAY,
    drain,
    focuses,
    receiver,
    rules,
    subscription,
    worker,
)

ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "stay-1",
    "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "subject": {"reference": "Patient/ann"},
}


def whole_api(engine: Engine, given: SubscriptionRules) -> TestClient:
    """Every route there is, with these subscriptions."""
    made = serving(engine)
    parts = FhirApi(
        made, made.store, made.keys, load_policy(), made.validator, SITE, lambda: NOW,
        vault=made.store.vault, public_url=BASE.removesuffix("/fhir"), subscriptions=given,
    )  # fmt: skip
    app = FastAPI()
    app.include_router(build_router(parts), prefix="/fhir")
    return TestClient(app)


def send(http: TestClient, *entries: Any) -> None:
    answer = http.post("/fhir", json=bundle("transaction", *entries), headers=FHIR_JSON)
    assert answer.status_code == 200, answer.text


def test_a_discharge_is_told_under_the_id_by_which_it_can_be_read(engine: Engine) -> None:
    with receiver() as hook:
        http = whole_api(engine, rules(hook.url))
        sent = subscription(hook.url, criterion="Encounter?patient=Patient/ann")
        http.post("/fhir/Subscription", json=sent, headers=FHIR_JSON)
        delivers = worker(engine, rules(hook.url), hook.url)
        drain(delivers, engine)
        send(http, put(patient(id="ann")), put(ENCOUNTER))
        drain(delivers, engine)
        quiet = len(hook.bundles)
        send(http, put({**ENCOUNTER, "status": "finished"}))
        drain(delivers, engine)

        assert quiet == 1
        assert focuses(hook.bundles[-1]) == ["Encounter/stay-1"]
        read = http.get("/fhir/" + focuses(hook.bundles[-1])[0]).json()
        assert (read["id"], read["status"]) == ("stay-1", "finished")


def test_the_capability_statement_tells_topics_and_operations(engine: Engine) -> None:
    statement = whole_api(engine, rules()).get("/fhir/metadata").json()
    [told] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription"]

    assert Validator().validate(statement) == []
    assert STAY in [each["valueCanonical"] for each in told["extension"]]
    assert told["supportedProfile"] == [BACKPORT + "subscription"]
    assert {each["name"] for each in told["operation"]} == {"status", "events"}
    assert {each["code"] for each in told["interaction"]} == {
        "read", "update", "delete", "create", "search-type",
    }  # fmt: skip


def test_a_subscription_inside_a_bundle_is_refused(engine: Engine) -> None:
    with receiver() as hook:
        http = whole_api(engine, rules(hook.url))
        sent = bundle("transaction", post(subscription(hook.url)))
        answer = http.post("/fhir", json=sent, headers=FHIR_JSON)

        assert 400 <= answer.status_code < 500
        assert http.get("/fhir/Subscription").json()["total"] == 0
