"""Delivery to a real local server: states, order, retries, dead letters, heartbeats, the end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.subscriptions.upkeep import dead_letters, forget_events, replay
from tests.support.fhir import FHIR_JSON, NOW, SITE
from tests.support.subscriptions import (
    RETRY,
    RISK,
    STAY,
    Receiver,
    client,
    drain,
    focuses,
    numbers,
    parameter,
    receiver,
    resource_store,
    risk,
    rules,
    stay,
    stored_id,
    subscription,
    worker,
)


class Desk:
    """A subscriber, its server and the worker that tells it."""

    def __init__(self, engine: Engine, hook: Receiver) -> None:
        self.engine = engine
        self.hook = hook
        self.rules = rules(hook.url)
        self.http = client(engine, self.rules)
        self.worker = worker(engine, self.rules, hook.url)
        self.now = NOW

    def subscribe(self, *given: Any, **more: Any) -> str:
        sent = subscription(self.hook.url, *given, **more)
        made = self.http.post("/fhir/Subscription", json=sent, headers=FHIR_JSON)
        assert made.status_code == 201, made.text
        id_: str = made.json()["id"]
        return id_

    def wait(self, seconds: float) -> None:
        """Let time go by, then deliver what is due."""
        self.now += timedelta(seconds=seconds)
        drain(self.worker, self.engine, self.now)

    def finish(self, *ids: str) -> None:
        """Finish stays, each in a transaction of its own, and deliver."""
        for id_ in ids:
            resource_store(self.engine).write([stay(id_)])
        self.wait(0)

    def status(self, id_: str) -> str:
        status: str = self.http.get(f"/fhir/Subscription/{id_}").json()["status"]
        return status

    def fail_to_the_end(self) -> None:
        """Let every attempt fail until the worker gives up."""
        self.hook.status = 500
        for _ in range(RETRY.attempts):
            self.wait(100)


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with receiver() as hook:
        yield Desk(engine, hook)


def test_a_subscription_is_active_once_the_handshake_was_answered(desk: Desk) -> None:
    id_ = desk.subscribe()
    before = desk.status(id_)
    desk.wait(0)

    assert (before, desk.status(id_)) == ("requested", "active")
    assert desk.hook.kinds() == ["handshake"]
    assert parameter(desk.hook.bundles[0], "status") == "requested"


def test_a_handshake_that_is_refused_is_tried_again_and_then_an_error(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.fail_to_the_end()

    assert desk.hook.kinds() == ["handshake"] * RETRY.attempts
    assert desk.status(id_) == "error"


def test_an_error_is_mended_by_sending_the_subscription_again(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.fail_to_the_end()
    desk.hook.status = 200
    again = subscription(desk.hook.url, id=id_)
    desk.http.put(f"/fhir/Subscription/{id_}", json=again, headers=FHIR_JSON)
    desk.wait(0)

    assert desk.status(id_) == "active"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_receipt(desk: Desk, status: int) -> None:
    desk.hook.status = status
    id_ = desk.subscribe()
    desk.wait(0)

    assert desk.status(id_) == "active"


@pytest.mark.parametrize("status", [301, 307, 400, 404, 429, 500, 503])
def test_anything_else_is_none_and_a_redirect_is_not_followed(desk: Desk, status: int) -> None:
    desk.hook.status = status
    id_ = desk.subscribe()
    desk.wait(0)

    assert desk.status(id_) == "requested"
    assert len(desk.hook.bundles) == 1


def test_events_come_in_order_and_once(desk: Desk) -> None:
    desk.subscribe()
    desk.wait(0)
    desk.finish("1", "2", "3")
    desk.finish("4")

    assert desk.hook.numbers() == [1, 2, 3, 4]
    told = [focus for bundle in desk.hook.bundles for focus in focuses(bundle)]
    assert told == ["Encounter/1", "Encounter/2", "Encounter/3", "Encounter/4"]


def test_headers_of_the_subscriber_are_sent_along(desk: Desk) -> None:
    desk.subscribe(header=["Authorization: Bearer abc", "X-Site:  north "])
    desk.wait(0)

    sent = desk.hook.headers[0]
    assert (sent["authorization"], sent["x-site"]) == ("Bearer abc", "north")
    assert sent["content-type"].startswith("application/fhir+json")


@pytest.mark.parametrize(("most", "batches"), [(1, [1, 1, 1]), (2, [2, 1]), (None, [3])])
def test_a_notification_holds_max_count_events_at_most(
    desk: Desk, most: int | None, batches: list[int]
) -> None:
    desk.subscribe(numbers={} if most is None else {"max-count": most})
    desk.wait(0)
    desk.finish("1", "2", "3")

    assert [len(numbers(each)) for each in desk.hook.bundles[1:]] == batches
    assert desk.hook.numbers() == [1, 2, 3]


def test_what_failed_is_sent_again_after_twice_the_time_with_the_same_numbers(desk: Desk) -> None:
    desk.subscribe()
    desk.wait(0)
    desk.hook.status = 503
    desk.finish("1")
    for seconds in (1, 1, 3):  # due after 2 seconds, then after 4 more
        desk.wait(seconds)
    tried = len(desk.hook.bundles)
    desk.hook.status = 200
    desk.wait(1)

    assert tried == 3
    assert desk.hook.numbers() == [1, 1, 1]
    assert len({bundle["id"] for bundle in desk.hook.bundles[1:]}) == 1


def test_events_behind_a_failing_one_wait_for_it(desk: Desk) -> None:
    desk.subscribe(numbers={"max-count": 1})
    desk.wait(0)
    desk.hook.status = 500
    desk.finish("1", "2")
    desk.hook.status = 200
    desk.wait(10)

    assert desk.hook.numbers() == [1, 1, 2]


def test_a_success_forgets_the_failures_before_it(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    for stay_id in ("1", "2", "3", "4"):
        desk.hook.status = 500
        desk.finish(stay_id)
        desk.wait(10)
        desk.hook.status = 200
        desk.wait(10)

    assert desk.status(id_) == "active"


def test_after_the_last_attempt_events_are_dead_and_the_status_says_so(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    desk.hook.status = 500
    desk.finish("1", "2")
    desk.fail_to_the_end()
    told = desk.http.get(f"/fhir/Subscription/{id_}/$status").json()

    assert desk.status(id_) == "error"
    assert parameter(told, "status") == "error"
    assert parameter(told, "error")["text"] == "the endpoint answered 500"
    [dead] = dead_letters(desk.engine, SITE)
    assert (dead.subscription_id, dead.first, dead.last) == (id_, 1, 2)
    assert dead.problem == "the endpoint answered 500"


def test_events_go_on_being_counted_while_a_subscription_is_in_error(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    desk.hook.status = 500
    desk.finish("1")
    desk.fail_to_the_end()
    sent = len(desk.hook.bundles)
    desk.finish("2")

    assert len(desk.hook.bundles) == sent
    past = desk.http.get(f"/fhir/Subscription/{id_}/$events").json()
    assert numbers(past) == [1, 2]


def test_the_operator_replays_what_is_dead_with_its_numbers(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    desk.hook.status = 500
    desk.finish("1")
    desk.fail_to_the_end()
    desk.finish("2")
    desk.hook.status, desk.hook.bundles = 200, []

    assert replay(desk.engine, SITE, id_, desk.now)
    assert not replay(desk.engine, SITE, id_, desk.now)
    desk.wait(0)
    assert desk.hook.numbers() == [1, 2]
    assert dead_letters(desk.engine, SITE) == []
    assert desk.status(id_) == "active"


def test_a_replay_of_a_failed_handshake_shakes_hands(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.fail_to_the_end()
    desk.hook.status = 200
    replay(desk.engine, SITE, id_, desk.now)
    desk.wait(0)

    assert desk.hook.kinds()[-1] == "handshake"
    assert desk.status(id_) == "active"


def test_a_heartbeat_is_sent_when_nothing_else_was(desk: Desk) -> None:
    desk.subscribe(numbers={"heartbeat-period": 60})
    desk.wait(0)
    desk.wait(59)
    desk.finish("1")
    desk.wait(59)
    quiet = desk.hook.kinds()
    desk.wait(1)

    assert quiet == ["handshake", "event-notification"]
    assert desk.hook.kinds()[2:] == ["heartbeat"]
    assert parameter(desk.hook.bundles[-1], "events-since-subscription-start") == "1"


def test_without_a_period_there_is_no_heartbeat(desk: Desk) -> None:
    desk.subscribe()
    desk.wait(0)
    desk.wait(100_000)

    assert desk.hook.kinds() == ["handshake"]


def test_heartbeats_that_fail_end_in_an_error(desk: Desk) -> None:
    id_ = desk.subscribe(numbers={"heartbeat-period": 60})
    desk.wait(0)
    desk.fail_to_the_end()

    assert desk.hook.kinds()[1:] == ["heartbeat"] * RETRY.attempts
    assert desk.status(id_) == "error"


def test_at_its_end_a_subscription_is_off(desk: Desk) -> None:
    id_ = desk.subscribe(end=(NOW + timedelta(hours=1)).isoformat())
    desk.wait(0)
    before = desk.status(id_)
    desk.wait(3600)

    assert (before, desk.status(id_)) == ("active", "off")


def test_a_subscription_switched_off_is_told_nothing(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    off = subscription(desk.hook.url, id=id_, status="off")
    desk.http.put(f"/fhir/Subscription/{id_}", json=off, headers=FHIR_JSON)
    desk.finish("1")

    assert desk.hook.kinds() == ["handshake"]


def test_an_endpoint_that_is_taken_off_the_list_gets_no_request(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    resource_store(desk.engine).write([stay("1")])
    drain(worker(desk.engine, rules(), desk.hook.url), desk.engine, desk.now)

    assert desk.hook.kinds() == ["handshake"]
    assert desk.status(id_) == "error"


def test_the_outbound_client_has_the_last_word_on_addresses(desk: Desk) -> None:
    id_ = desk.subscribe()
    drain(worker(desk.engine, desk.rules, "http://127.0.0.1:1"), desk.engine, desk.now)

    assert desk.hook.bundles == []
    assert desk.status(id_) == "error"


def test_a_server_that_is_away_is_tried_again(engine: Engine) -> None:
    with receiver() as hook:
        desk = Desk(engine, hook)
        id_ = desk.subscribe()
    desk.wait(0)

    told = desk.http.get(f"/fhir/Subscription/{id_}").json()
    assert (told["status"], told["error"]) == ("requested", "the endpoint gave no answer")


def test_one_subscriber_that_fails_does_not_hold_up_another(desk: Desk) -> None:
    with receiver() as broken:
        broken.status = 500
        both = rules(desk.hook.url, broken.url)
        http = client(desk.engine, both)
        for url in (broken.url, desk.hook.url):
            http.post("/fhir/Subscription", json=subscription(url), headers=FHIR_JSON)
        delivers = worker(desk.engine, both, broken.url, desk.hook.url)
        drain(delivers, desk.engine, desk.now)
        resource_store(desk.engine).write([stay("1")])
        drain(delivers, desk.engine, desk.now)

    assert broken.kinds() == ["handshake"]
    assert desk.hook.numbers() == [1]


def test_a_risk_beyond_the_threshold_is_told(desk: Desk) -> None:
    desk.subscribe(RISK, criterion="RiskAssessment?probability=ge30")
    desk.wait(0)
    resource_store(desk.engine).write([risk("low", 12), risk("high", 31)])
    desk.wait(0)

    assert focuses(desk.hook.bundles[-1]) == ["RiskAssessment/high"]


def test_two_workers_do_not_send_to_one_subscriber_at_once(desk: Desk) -> None:
    desk.subscribe()
    first = desk.worker.leases.take(desk.now)
    second = desk.worker.leases.take(desk.now)

    assert first is not None
    assert second is None


def test_a_worker_leases_one_subscription_however_many_are_due(desk: Desk) -> None:
    ids = {desk.subscribe() for _ in range(3)}
    leased = [desk.worker.leases.take(desk.now) for _ in range(4)]

    assert {each.id for each in leased if each is not None} == ids
    assert leased[3] is None


def test_a_lease_of_a_worker_that_died_ends_by_itself(desk: Desk) -> None:
    desk.subscribe()
    desk.worker.leases.take(desk.now)
    desk.wait(59)
    early = len(desk.hook.bundles)
    desk.wait(1)

    assert (early, len(desk.hook.bundles)) == (0, 1)


def test_a_result_that_comes_after_the_lease_has_ended_counts_for_nothing(desk: Desk) -> None:
    id_ = desk.subscribe()
    late = desk.worker.leases.take(desk.now)
    assert late is not None
    again = subscription(desk.hook.url, id=id_)
    desk.http.put(f"/fhir/Subscription/{id_}", json=again, headers=FHIR_JSON)

    assert not desk.worker.leases.succeed(late, 0, desk.now)
    desk.worker.leases.fail(late, 0, "late", desk.now)
    assert desk.status(id_) == "requested"
    assert "error" not in desk.http.get(f"/fhir/Subscription/{id_}").json()


def test_no_transaction_is_open_while_a_notification_is_under_way(desk: Desk) -> None:
    open_ones: list[int] = []
    query = text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL
    """)

    def look(_bundle: Any) -> None:
        with desk.engine.connect() as connection:
            open_ones.append(connection.execute(query).scalar_one())

    desk.hook.on_receipt = look
    desk.subscribe()
    desk.wait(0)
    desk.finish("1")

    assert open_ones == [0, 0]


def test_old_events_that_were_received_are_forgotten_and_numbers_go_on(desk: Desk) -> None:
    id_ = desk.subscribe()
    desk.wait(0)
    desk.finish("1", "2")
    with desk.engine.begin() as connection:
        connection.execute(
            text("UPDATE subscription_event SET occurred_at = :now WHERE number = 1"), {"now": NOW}
        )

    assert forget_events(desk.engine, SITE, NOW + timedelta(seconds=1)) == 1
    desk.finish("3")
    assert numbers(desk.http.get(f"/fhir/Subscription/{id_}/$events").json()) == [2, 3]


def trail(engine: Engine) -> list[Any]:
    query = text("SELECT interaction, status, client, patients, resources FROM audit_event")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_who_is_told_of_whom_is_on_record_whether_received_or_not(desk: Desk) -> None:
    desk.subscribe()
    desk.wait(0)
    before = trail(desk.engine)
    desk.hook.status = 500
    desk.finish("1")
    desk.hook.status = 200
    desk.wait(10)

    patients = [f"Patient/{stored_id('Patient', 'ann')}"]
    focus = [f"Encounter/{stored_id('Encounter', '1')}/_history/1"]
    assert before == []
    assert trail(desk.engine) == [
        ("notification", status, "anonymous", patients, focus) for status in (500, 200)
    ]


def test_a_notification_that_tells_of_nobody_is_not_on_record(desk: Desk) -> None:
    desk.subscribe(STAY, "empty")
    desk.wait(0)
    desk.finish("1")

    assert trail(desk.engine) == []


def test_a_filter_that_is_no_longer_served_lets_nothing_through(desk: Desk) -> None:
    id_ = desk.subscribe(criterion="Encounter?class=IMP")
    desk.wait(0)
    with desk.engine.begin() as connection:
        connection.execute(text("""UPDATE subscription SET filters = '[["gone", ["IMP"]]]'"""))
    desk.finish("1")

    assert desk.hook.kinds() == ["handshake"]
    assert desk.status(id_) == "active"
