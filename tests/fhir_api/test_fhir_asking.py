"""Statements past SQLAlchemy: committed by themselves, over its pool, and off it after an error."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text

from fhir_api.store.asking import ask, tell
from homeward.database import make_engine

GIVEN = {"word": "word"}


@pytest.fixture
def notes(engine: Engine) -> Iterator[Engine]:
    """An engine on a table of one column."""
    tell(engine, "CREATE TABLE note (word text)", {})
    yield engine
    tell(engine, "DROP TABLE note", {})


def words(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT word FROM note")).scalars())


def backend(engine: Engine) -> int:
    [(number,)] = ask(engine, "SELECT pg_backend_pid()", {})
    return int(number)


def test_rows_come_as_they_are(engine: Engine) -> None:
    rows = ask(engine, "SELECT %(word)s::text, n FROM generate_series(1, 2) n", GIVEN)

    assert rows == [("word", 1), ("word", 2)]


def test_a_statement_is_committed_at_once(notes: Engine) -> None:
    tell(notes, "INSERT INTO note VALUES (%(word)s)", GIVEN)

    assert words(notes) == ["word"]


def test_a_transaction_on_the_same_connection_can_still_be_rolled_back(notes: Engine) -> None:
    before = backend(notes)
    with notes.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() == before
        connection.execute(text("INSERT INTO note VALUES ('gone')"))

    assert words(notes) == []


def test_a_connection_that_failed_is_not_used_again(engine: Engine) -> None:
    before = backend(engine)
    with pytest.raises(psycopg.errors.DivisionByZero):
        ask(engine, "SELECT 1 / 0", {})

    assert backend(engine) != before
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of QueuePool


def test_a_connection_that_the_server_closed_costs_one_question(database_url: str) -> None:
    engine = make_engine(database_url)
    gone = backend(engine)
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(False)) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [gone])

    with pytest.raises(psycopg.OperationalError):
        backend(engine)
    assert backend(engine) != gone
    engine.dispose()
