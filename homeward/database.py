"""Connections to the database: kept open, and asked whether they still stand after a rest."""

import time
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

RESTED_S = 5.0  # a connection used a moment ago is not asked; a request would pay for each answer
LAST_USED = "homeward_last_used"


def make_engine(url: str) -> Engine:
    """An engine whose pool gives out no connection that the database has closed meanwhile.

    SQLAlchemy's own `pool_pre_ping` asks before every use; this asks only after a rest.
    https://docs.sqlalchemy.org/en/20/core/pooling.html#disconnect-handling-pessimistic
    """
    engine = create_engine(url, pool_size=10, max_overflow=20)
    event.listen(engine, "checkout", ask_after_a_rest)
    event.listen(engine, "checkin", note_use)
    return engine


def ask_after_a_rest(connection: Any, record: Any, _proxy: object) -> None:
    """Raise DisconnectionError, at which the pool opens another, when nobody answers."""
    if time.monotonic() - record.info.get(LAST_USED, float("-inf")) < RESTED_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


def note_use(_connection: Any, record: Any) -> None:
    """Remember when a connection came back."""
    record.info[LAST_USED] = time.monotonic()
