"""Workers side by side in threads, as the server runs them."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.subscriptions import worker as workers
from fhir_api.subscriptions.worker import Step, work
from tests.support.fhir import NOW
from tests.support.subscriptions import (
    Receiver,
    receiver,
    resource_store,
    rules,
    stay,
    subscribed,
    worker,
)

PATIENCE_S = 60.0


def until(true: Callable[[], bool]) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_three_workers_tell_every_event_once_and_in_order(engine: Engine) -> None:
    stop = threading.Event()
    with receiver() as first, receiver() as second:
        hooks: tuple[Receiver, ...] = (first, second)
        for hook in hooks:
            subscribed(engine, endpoint=hook.url, max_count=3)
        made = [worker(engine, rules(first.url, second.url), first.url, second.url)] * 3
        threads = [threading.Thread(target=work, args=(each, stop, lambda: NOW)) for each in made]
        for thread in threads:
            thread.start()
        for number in range(30):
            resource_store(engine).write([stay(str(number))])
        until(lambda: all(len(hook.numbers()) >= 30 for hook in hooks))
        stop.set()
        for thread in threads:
            thread.join()

        assert [hook.numbers() for hook in hooks] == [list(range(1, 31))] * 2


def test_a_thread_outlives_a_database_that_is_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    steps: list[int] = []

    class Fails:
        def step(self, _now: Any) -> Step:
            steps.append(1)
            if len(steps) == 1:
                with engine.connect() as connection:
                    connection.execute(text("SELECT 'Quillfeather'::int"))
            stop.set()
            return Step(None)

    monkeypatch.setattr(workers, "AFTER_MISTAKE_S", 0.0)
    failing: Any = Fails()
    work(failing, stop, lambda: NOW)

    assert len(steps) == 2
    assert "DataError" in caplog.text
    assert "Quillfeather" not in caplog.text
