"""The outbox: every event once, numbered without gaps, written with the position of the feed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from fhir_api.subscriptions import outbox
from fhir_api.subscriptions.outbox import fill_outbox
from fhir_api.subscriptions.topics import load_topics
from tests.support.fhir import NOW, SITE
from tests.support.subscriptions import (
    RISK,
    drain,
    receiver,
    resource_store,
    risk,
    rules,
    settle,
    stay,
    subscribed,
    worker,
)

TOPICS = load_topics()
EVENTS = text("""
    SELECT subscription_id, array_agg(number ORDER BY number) FROM subscription_event GROUP BY 1
""")


def fill(engine: Engine, most: int = 500) -> int:
    """Fill the outbox until the feed has nothing new; how many events there were."""
    settle(engine)
    written = 0
    while (step := fill_outbox(engine, SITE, TOPICS, most)) is not None:
        written += step
    return written


def numbers(engine: Engine) -> dict[str, list[int]]:
    with engine.connect() as connection:
        return {id_: list(found) for id_, found in connection.execute(EVENTS)}


def test_what_was_stored_before_the_first_subscription_is_no_news(engine: Engine) -> None:
    resource_store(engine).write([stay("old")])
    settle(engine)
    subscribed(engine)
    resource_store(engine).write([stay("new")])

    assert fill(engine) == 1


def test_a_change_before_the_handshake_is_no_event(engine: Engine) -> None:
    subscribed(engine)
    resource_store(engine).write([stay("1")])
    settle(engine)
    later = subscribed(engine)

    fill(engine)

    assert later not in numbers(engine)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), max_size=6), st.integers(1, 3)
)
def test_numbers_of_each_subscription_have_no_gaps(
    engine: Engine, writes: list[list[int]], most: int
) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE resource_version, resource_head, subscription CASCADE"))
    everything, high = subscribed(engine, RISK), subscribed(engine, RISK, "probability=ge30")
    percents = [10 * number + step for step, each in enumerate(writes) for number in each]
    for step, each in enumerate(writes):
        resource_store(engine).write([risk(str(n), 10 * n + step) for n in each])

    assert fill(engine, most) == len(percents) + len([each for each in percents if each >= 30])
    found = numbers(engine)
    assert found.get(everything, []) == list(range(1, len(percents) + 1))
    high_count = len([each for each in percents if each >= 30])
    assert found.get(high, []) == list(range(1, high_count + 1))


def test_a_crash_before_the_commit_leaves_no_event_and_no_number(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = subscribed(engine)
    resource_store(engine).write([stay("1"), stay("2")])
    settle(engine)

    def crash(*_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "move", crash)
        with pytest.raises(KeyboardInterrupt):
            fill_outbox(engine, SITE, TOPICS)
    assert numbers(engine) == {}

    assert fill(engine) == 2
    assert numbers(engine) == {id_: [1, 2]}


def test_two_workers_write_each_event_once(engine: Engine) -> None:
    id_ = subscribed(engine)
    resource_store(engine).write([stay(str(number)) for number in range(9)])
    settle(engine)
    with engine.begin() as other:
        assert outbox.lock_position(other, SITE, outbox.CONSUMER) is not None
        assert fill_outbox(engine, SITE, TOPICS) is None

    fill(engine, 2)

    assert numbers(engine) == {id_: list(range(1, 10))}


def test_a_stay_behind_a_long_transaction_is_late_and_not_lost(engine: Engine) -> None:
    id_ = subscribed(engine)
    store = resource_store(engine)
    with engine.begin() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        store.write([stay("1")])
        early = fill_outbox(engine, SITE, TOPICS)
    fill(engine)

    assert early is None
    assert numbers(engine) == {id_: [1]}


def test_a_finished_stay_that_is_edited_stays_one_event(engine: Engine) -> None:
    id_ = subscribed(engine)
    store = resource_store(engine)
    for body in (stay("1", "in-progress"), stay("1"), stay("1", length={"value": 3})):
        store.write([body])

    fill(engine)

    assert numbers(engine) == {id_: [1]}


def test_the_number_of_statements_does_not_grow_with_the_events(engine: Engine) -> None:
    from sqlalchemy import event

    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    subscribed(engine)
    counts = []
    for size in (1, 60):
        resource_store(engine).write([stay(f"{size}-{number}") for number in range(size)])
        settle(engine)
        sent.clear()
        fill_outbox(engine, SITE, TOPICS)
        counts.append(len(sent))

    assert counts[0] == counts[1] <= 10


def test_a_client_limited_to_patients_hears_of_those_alone(engine: Engine) -> None:
    id_ = subscribed(engine, patients=("ann",))
    resource_store(engine).write([stay("1"), stay("2", patient="bob")])

    fill(engine)

    assert numbers(engine) == {id_: [1]}


def test_a_subscription_that_is_off_hears_nothing(engine: Engine) -> None:
    subscribed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE subscription SET status = 'off', from_transaction = NULL"))
    resource_store(engine).write([stay("1")])

    assert fill(engine) == 0


def test_an_event_after_the_end_is_none(engine: Engine) -> None:
    subscribed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE subscription SET ends_at = :now"), {"now": NOW})
    resource_store(engine).write([stay("1")])  # stored today, long after the end

    assert fill(engine) == 0


def test_what_happens_while_a_subscription_shakes_hands_again_is_not_lost(engine: Engine) -> None:
    with receiver() as hook:
        subscribed(engine, endpoint=hook.url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE subscription SET status = 'requested'"))
        resource_store(engine).write([stay("1")])
        drain(worker(engine, rules(hook.url), hook.url), engine)

        assert hook.kinds() == ["handshake", "event-notification"]
        assert hook.numbers() == [1]
