"""How far each reader of the change feed has come, kept beside what it wrote.

A reader locks its position, reads, writes, moves the position, and commits all of it at once: after
a crash it begins again where its own writes end, so that each change has its effect exactly once.
"""

from typing import Any

from sqlalchemy import Connection, Row, text

from fhir_api.store.records import FeedPosition

COLUMNS = "transaction_id::text::bigint AS transaction_id, seq"
OF_CONSUMER = "FROM feed_consumer WHERE site = :site AND consumer = :consumer"
READ = text(f"SELECT {COLUMNS} {OF_CONSUMER}")
LOCK = text(f"SELECT {COLUMNS} {OF_CONSUMER} FOR UPDATE SKIP LOCKED")
BEGIN = text("""
    INSERT INTO feed_consumer (site, consumer, transaction_id, seq)
    VALUES (:site, :consumer, cast(cast(:transaction_id AS text) AS xid8), :seq)
    ON CONFLICT (site, consumer) DO NOTHING
""")
MOVE = text("""
    UPDATE feed_consumer
    SET transaction_id = cast(cast(:transaction_id AS text) AS xid8), seq = :seq, moved_at = now()
    WHERE site = :site AND consumer = :consumer
      AND (transaction_id, seq) < (cast(cast(:transaction_id AS text) AS xid8), :seq)
""")


def read_position(connection: Connection, site: str, consumer: str) -> FeedPosition | None:
    """Where a reader stands; None when it has never begun. Takes no lock."""
    return position_of(connection.execute(READ, {"site": site, "consumer": consumer}).first())


def lock_position(connection: Connection, site: str, consumer: str) -> FeedPosition | None:
    """Where a reader stands, locked to the end of the transaction; None when another has it."""
    return position_of(connection.execute(LOCK, {"site": site, "consumer": consumer}).first())


def begin(connection: Connection, site: str, consumer: str, at: FeedPosition) -> None:
    """Let a reader begin somewhere; one that has begun stays where it is."""
    connection.execute(BEGIN, bound(site, consumer, at))


def move(connection: Connection, site: str, consumer: str, to: FeedPosition) -> None:
    """Move a reader on; it never moves back."""
    connection.execute(MOVE, bound(site, consumer, to))


def bound(site: str, consumer: str, at: FeedPosition) -> dict[str, object]:
    """What the statements are bound to."""
    place = {"transaction_id": str(at.transaction_id), "seq": at.seq}
    return {"site": site, "consumer": consumer, **place}


def position_of(row: Row[Any] | None) -> FeedPosition | None:
    """A row as a position."""
    return None if row is None else FeedPosition(row.transaction_id, row.seq)
