"""Who may subscribe, to what, and who sees whose subscriptions."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import Caller, Grant, Interaction, Limit
from tests.support.fhir import FHIR_JSON
from tests.support.subscriptions import (
    RISK,
    STAY,
    client,
    drain,
    focuses,
    numbers,
    receiver,
    resource_store,
    rules,
    stay,
    stored_id,
    subscription,
    worker,
)

HOOK = "https://hook.example/notify"
EVERY: frozenset[Interaction] = frozenset({"create", "read", "update", "delete", "search"})
ALL_SUBSCRIPTIONS = Grant("Subscription", EVERY)
READ_STAYS = Grant("Encounter", frozenset({"read"}))


def caller(*grants: Grant, name: str = "app", identified: bool = True) -> Caller:
    return Caller(name, grants, identified=identified)


def http(engine: Engine, who: Caller, hook: str = HOOK, **more: Any) -> TestClient:
    return client(engine, rules(hook, **more), lambda: who)


def post(asked: TestClient, resource: dict[str, Any]) -> Any:
    return asked.post("/fhir/Subscription", json=resource, headers=FHIR_JSON)


def test_a_caller_without_the_scope_cannot_subscribe(engine: Engine) -> None:
    asked = http(engine, caller(READ_STAYS))

    assert post(asked, subscription(HOOK)).status_code == 403


@pytest.mark.parametrize(("topic", "status"), [(STAY, 201), (RISK, 403)])
def test_what_a_topic_tells_of_must_be_readable(engine: Engine, topic: str, status: int) -> None:
    asked = http(engine, caller(ALL_SUBSCRIPTIONS, READ_STAYS))

    assert post(asked, subscription(HOOK, topic)).status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Subscription"),
        ("GET", "/fhir/Subscription/1"),
        ("GET", "/fhir/Subscription/$status"),
        ("GET", "/fhir/Subscription/1/$status"),
        ("GET", "/fhir/Subscription/1/$events"),
        ("DELETE", "/fhir/Subscription/1"),
    ],
)
def test_every_interaction_asks_for_its_scope(engine: Engine, method: str, path: str) -> None:
    asked = http(engine, caller(Grant("Subscription", frozenset({"create"}))))

    assert asked.request(method, path).status_code == 403


def test_nobody_sees_the_subscription_of_another(engine: Engine) -> None:
    grants = (ALL_SUBSCRIPTIONS, READ_STAYS)
    path = (
        "/fhir/Subscription/" + post(http(engine, caller(*grants)), subscription(HOOK)).json()["id"]
    )
    other = http(engine, caller(*grants, name="another app"))

    assert other.get("/fhir/Subscription").json()["total"] == 0
    assert other.get("/fhir/Subscription/$status").json()["total"] == 0
    for end in ("", "/$status", "/$events"):
        assert other.get(path + end).status_code == 404
    changed = subscription(HOOK, id=path.rpartition("/")[2])
    assert other.put(path, json=changed, headers=FHIR_JSON).status_code == 404
    other.delete(path)
    assert http(engine, caller(*grants)).get(path).status_code == 200


def test_two_users_of_one_app_do_not_see_each_others_subscriptions(engine: Engine) -> None:
    nurse = http(engine, caller(ALL_SUBSCRIPTIONS, READ_STAYS))
    ann = http(engine, caller(*of_patient("ann")))
    bob = http(engine, caller(*of_patient("bob")))
    paths = [path_of(post(each, subscription(HOOK))) for each in (nurse, ann)]

    assert bob.get("/fhir/Subscription").json()["total"] == 0
    assert bob.get("/fhir/Subscription/$status").json()["total"] == 0
    for path in paths:
        changed = subscription(HOOK, id=path.rpartition("/")[2])
        assert bob.put(path, json=changed, headers=FHIR_JSON).status_code == 404
        bob.delete(path)
        for end in ("", "/$status", "/$events"):
            assert bob.get(path + end).status_code == 404
    assert [each["resource"]["id"] for each in ann.get("/fhir/Subscription").json()["entry"]] == [
        paths[1].rpartition("/")[2]
    ]
    assert nurse.get("/fhir/Subscription").json()["total"] == 2


def of_patient(id_: str) -> tuple[Grant, Grant]:
    """What `patient/*.cruds` opens with a patient in context."""
    limit = Limit(patient=id_)
    return Grant("Subscription", EVERY, limit), Grant("Encounter", frozenset({"read"}), limit)


def path_of(answer: Any) -> str:
    return f"/fhir/Subscription/{answer.json()['id']}"


def test_a_caller_limited_to_a_patient_is_told_of_that_patient_alone(engine: Engine) -> None:
    limited = Grant("Encounter", frozenset({"read"}), Limit(patient="ann"))
    with receiver() as hook:
        asked = http(engine, caller(ALL_SUBSCRIPTIONS, limited), hook.url)
        id_ = post(asked, subscription(hook.url)).json()["id"]
        delivers = worker(engine, rules(hook.url), hook.url)
        drain(delivers, engine)
        resource_store(engine).write([stay("1"), stay("2", patient="bob")])
        drain(delivers, engine)

        assert focuses(hook.bundles[-1]) == ["Encounter/1"]
        past = asked.get(f"/fhir/Subscription/{id_}/$events").json()
        assert focuses(past) == ["Encounter/1"]


def test_a_caller_limited_by_search_parameters_cannot_subscribe(engine: Engine) -> None:
    limited = Grant("Encounter", frozenset({"read"}), Limit(query=(("class", "IMP"),)))
    asked = http(engine, caller(ALL_SUBSCRIPTIONS, limited))

    assert post(asked, subscription(HOOK)).status_code == 403


def test_a_caller_who_has_lost_patients_gets_no_past_events_of_them(engine: Engine) -> None:
    grants = {"now": READ_STAYS}
    with receiver() as hook:
        asked = client(engine, rules(hook.url), lambda: caller(ALL_SUBSCRIPTIONS, grants["now"]))
        id_ = post(asked, subscription(hook.url)).json()["id"]
        delivers = worker(engine, rules(hook.url), hook.url)
        drain(delivers, engine)
        resource_store(engine).write([stay("1"), stay("2", patient="bob")])
        drain(delivers, engine)
        grants["now"] = Grant("Encounter", frozenset({"read"}), Limit(patient="bob"))

        past = asked.get(f"/fhir/Subscription/{id_}/$events").json()
        assert focuses(past) == ["Encounter/2"]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (caller(ALL_SUBSCRIPTIONS, READ_STAYS), 201),
        (caller(ALL_SUBSCRIPTIONS, READ_STAYS, identified=False), 422),
        (
            caller(
                ALL_SUBSCRIPTIONS,
                Grant("Encounter", frozenset({"read"}), Limit(patient="ann")),
            ),
            422,
        ),
    ],
)
def test_full_resources_go_to_identified_callers_without_limits_alone(
    engine: Engine, who: Caller, status: int
) -> None:
    answer = post(http(engine, who), subscription(HOOK, content="full-resource"))

    assert answer.status_code == status
    if status == 422:
        assert "id-only" in answer.json()["issue"][0]["diagnostics"]


def test_a_caller_without_identities_is_told_pseudonyms(engine: Engine) -> None:
    who = caller(ALL_SUBSCRIPTIONS, READ_STAYS, identified=False)
    with receiver() as hook:
        asked = http(engine, who, hook.url)
        id_ = post(asked, subscription(hook.url)).json()["id"]
        delivers = worker(engine, rules(hook.url), hook.url)
        drain(delivers, engine)
        resource_store(engine).write([stay("1")])
        drain(delivers, engine)

        pseudonym = f"Encounter/{stored_id('Encounter', '1')}"
        assert focuses(hook.bundles[-1]) == [pseudonym]
        assert focuses(asked.get(f"/fhir/Subscription/{id_}/$events").json()) == [pseudonym]


def test_a_client_whose_access_has_ended_is_told_nothing_more(engine: Engine) -> None:
    with receiver() as hook:
        who = caller(ALL_SUBSCRIPTIONS, READ_STAYS)
        asked = http(engine, who, hook.url)
        post(asked, subscription(hook.url))
        drain(worker(engine, rules(hook.url), hook.url), engine)
        resource_store(engine).write([stay("1")])
        revoked = rules(hook.url, still_permitted=lambda client, _type: client != "app")
        drain(worker(engine, revoked, hook.url), engine)

        assert hook.kinds() == ["handshake"]
        assert numbers(hook.bundles[-1]) == []
        [entry] = asked.get("/fhir/Subscription").json()["entry"]
        assert entry["resource"]["status"] == "error"
