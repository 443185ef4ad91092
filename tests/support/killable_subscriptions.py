"""A worker of subscriptions in a process of its own, so that a test can kill it where it likes.

    python -m tests.support.killable_subscriptions URL ENDPOINT PLACE HOURS

PLACE is where it stops, says so and waits to be killed: `before-commit` of the outbox,
`before-sending`, or `nowhere`, where it works on. HOURS moves its clock, past the leases of others.
"""

import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import create_engine

from fhir_api.subscriptions import outbox
from fhir_api.subscriptions.worker import Worker
from tests.support.fhir import NOW
from tests.support.subscriptions import rules, worker


def stop_here(*_given: Any) -> None:
    """Say that the place is reached, and wait for the end."""
    print("here", flush=True)  # noqa: T201 - the test reads it
    time.sleep(600)


def stop_at(place: str, made: Worker) -> None:
    """Put the stop where it is wanted."""
    if place == "before-commit":
        outbox.move = stop_here
    if place == "before-sending":
        made.post = stop_here  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    url, endpoint, place, hours = sys.argv[1:]
    delivers = worker(create_engine(url), rules(endpoint), endpoint)
    stop_at(place, delivers)
    now = NOW + timedelta(hours=int(hours))
    while True:
        delivers.step(now)
