"""Large questions find a planner that knows how large they are."""

import time

import pytest
from sqlalchemy import Engine, text

from fhir_api.store.planner import refresh_statistics
from tests.support.hospital import person, put

PATIENCE_S = 30
GROWN = 1500
CHANGED = text("SELECT n_mod_since_analyze FROM pg_stat_user_tables WHERE relname = :table")


def grow(engine: Engine, count: int) -> None:
    """Store so many patients, and wait until Postgres has counted them."""
    put(engine, *(person(f"p{number}") for number in range(count)))
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(CHANGED, {"table": "resource_head"}).scalar_one() >= count:
                return
        time.sleep(0.1)
    pytest.fail("Postgres did not count what was stored.")


def test_tables_that_have_grown_are_analysed(engine: Engine) -> None:
    refresh_statistics(engine)
    grow(engine, GROWN)

    refresh_statistics(engine)

    with engine.connect() as connection:
        known = connection.execute(
            text("SELECT reltuples FROM pg_class WHERE relname = 'resource_head'")
        ).scalar_one()
    assert known >= GROWN


def test_a_store_that_has_hardly_changed_is_left_alone(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    put(engine, person("one"))

    assert refresh_statistics(engine) == []
