"""kill -9 of a worker, wherever it is, loses no event and gives no event two numbers."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.support.fhir import NOW
from tests.support.subscriptions import (
    Receiver,
    drain,
    focuses,
    numbers,
    receiver,
    resource_store,
    rules,
    settle,
    stay,
    subscribed,
    worker,
)

REPOSITORY = Path(__file__).resolve().parents[2]
STAYS = [str(number) for number in range(1, 9)]
LATER = NOW + timedelta(hours=1)  # when a dead worker's lease has ended
Process = subprocess.Popen[str]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def begin(database_url: str, hook: Receiver, place: str, hours: int = 0) -> Process:
    """A worker in a process of its own."""
    module = "tests.support.killable_subscriptions"
    command = [sys.executable, "-m", module, database_url, hook.url, place, str(hours)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def killed_at(database_url: str, hook: Receiver, place: str) -> None:
    """Let a worker come to a place and kill it there."""
    process = begin(database_url, hook, place)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.communicate()


def finish_stays(engine: Engine) -> None:
    """Eight stays, each finished in a transaction of its own."""
    for id_ in STAYS:
        resource_store(engine).write([stay(id_)])
    settle(engine)


def outbox(engine: Engine) -> list[int]:
    query = text("SELECT number FROM subscription_event ORDER BY number")
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def told(hook: Receiver) -> dict[int, str]:
    """Which stay each event number stood for; fails when a number stood for two."""
    found: dict[int, str] = {}
    for bundle in hook.bundles:
        for number, focus in zip(numbers(bundle), focuses(bundle), strict=True):
            assert found.setdefault(number, focus) == focus
    return found


EVERY_STAY = {number: f"Encounter/{id_}" for number, id_ in enumerate(STAYS, 1)}


def test_killed_before_the_commit_it_leaves_nothing_and_the_next_writes_all(
    engine: Engine, database_url: str, hook: Receiver
) -> None:
    subscribed(engine, endpoint=hook.url)
    finish_stays(engine)
    killed_at(database_url, hook, "before-commit")
    left = outbox(engine)
    drain(worker(engine, rules(hook.url), hook.url), engine, LATER)

    assert left == []
    assert told(hook) == EVERY_STAY


def test_killed_between_commit_and_delivery_it_loses_nothing(
    engine: Engine, database_url: str, hook: Receiver
) -> None:
    subscribed(engine, endpoint=hook.url)
    finish_stays(engine)
    killed_at(database_url, hook, "before-sending")
    left, sent = outbox(engine), len(hook.bundles)
    drain(worker(engine, rules(hook.url), hook.url), engine, LATER)

    assert (left, sent) == (list(range(1, 9)), 0)
    assert told(hook) == EVERY_STAY


def test_killed_between_delivery_and_note_it_sends_the_same_numbers_again(
    engine: Engine, database_url: str, hook: Receiver
) -> None:
    subscribed(engine, endpoint=hook.url)
    finish_stays(engine)
    process = begin(database_url, hook, "nowhere")
    hook.on_receipt = lambda _bundle: process.kill()
    process.communicate()
    hook.on_receipt = lambda _bundle: None
    drain(worker(engine, rules(hook.url), hook.url), engine, LATER)

    assert hook.numbers() == [*range(1, 9), *range(1, 9)]
    assert hook.bundles[0]["id"] == hook.bundles[1]["id"]
    assert told(hook) == EVERY_STAY


def test_killed_again_and_again_every_event_arrives_under_one_number(
    engine: Engine, database_url: str, hook: Receiver
) -> None:
    subscribed(engine, endpoint=hook.url, max_count=2)
    finish_stays(engine)
    for hours in range(2):
        process = begin(database_url, hook, "nowhere", hours)
        until = len(hook.bundles) + 1 + hours % 2
        hook.on_receipt = lambda _bundle, until=until, process=process: (  # type: ignore[misc]
            process.kill() if len(hook.bundles) == until else None
        )
        process.communicate()
    hook.on_receipt = lambda _bundle: None
    drain(worker(engine, rules(hook.url), hook.url), engine, NOW + timedelta(hours=9))

    assert told(hook) == EVERY_STAY
    assert outbox(engine) == list(range(1, 9))
