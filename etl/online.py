"""The online row of a patient and the vectors of notes: written by the jobs, read by the hook.

Writing takes a psycopg connection, since executors have no engine; reading takes the engine of
the server. A write is one COPY into a temporary table and one INSERT … ON CONFLICT, in one
transaction, so a task that Spark runs twice leaves what running it once leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from etl.events.event import Event
from etl.events.table import from_bytes
from etl.notes.vectors import unpack
from etl.tables import NoteVector, OnlinePatient


@dataclass(frozen=True, slots=True)
class OnlineRow:
    """The stored history of one patient.

    Attributes:
        patient_id: Pseudonym.
        watermark: The store's transactions below it are in `events`; ask the feed for the rest.
        as_of: UTC; newest availability among the events, None when all were always known.
        schema_hash: Digest of the feature catalogue of the run that wrote the row.
        events: All events of the patient, in canonical order.
    """

    patient_id: str
    watermark: int
    as_of: datetime | None
    schema_hash: str
    events: list[Event]


class PatientRecord(NamedTuple):
    """One row for `upsert_patients`; `events` as `etl.events.table.to_bytes` makes them."""

    site: str
    patient_id: str
    watermark: int
    as_of: datetime | None
    schema_hash: str
    events: bytes


class NoteRecord(NamedTuple):
    """One row for `upsert_note_vectors`; `vectors` as `etl.notes.vectors.pack` makes them."""

    site: str
    note_key: str
    encoder_hash: str
    chunks: int
    width: int
    vectors: bytes


@dataclass(frozen=True, slots=True)
class Upsert:
    """How records of one kind reach their table.

    Attributes:
        table: Name of the table.
        types: Postgres type of each column, for the binary COPY.
        insert: The statement that moves the rows from the temporary table `staged`.
    """

    table: LiteralString
    types: tuple[str, ...]
    insert: LiteralString


PATIENTS = Upsert(
    table="online_patient",
    types=("text", "text", "int8", "timestamptz", "text", "bytea"),
    insert="""
        INSERT INTO online_patient (site, patient_id, watermark, as_of, schema_hash, events)
        SELECT site, patient_id, watermark, as_of, schema_hash, events FROM staged
        ORDER BY site, patient_id
        ON CONFLICT (site, patient_id) DO UPDATE
        SET watermark = excluded.watermark, as_of = excluded.as_of, updated_at = now(),
            schema_hash = excluded.schema_hash, events = excluded.events
        WHERE online_patient.watermark <= excluded.watermark
    """,
)
NOTE_VECTORS = Upsert(
    table="note_vector",
    types=("text", "text", "text", "int4", "int4", "bytea"),
    insert="""
        INSERT INTO note_vector (site, note_key, encoder_hash, chunks, width, vectors)
        SELECT site, note_key, encoder_hash, chunks, width, vectors FROM staged
        ORDER BY site, note_key
        ON CONFLICT DO NOTHING
    """,
)


def load_patient(engine: Engine, site: str, patient_id: str) -> OnlineRow | None:
    """The online row of a patient, or None when no features run has seen the patient."""
    with Session(engine) as session:
        row = session.get(OnlinePatient, (site, patient_id))
    if row is None:
        return None
    events = from_bytes(row.events)
    return OnlineRow(patient_id, row.watermark, row.as_of, row.schema_hash, events)


def load_note_vectors(
    engine: Engine, site: str, keys: Sequence[str], encoder_hash: str
) -> dict[str, NDArray[np.float32]]:
    """Vectors of the notes that this encoder has embedded, by note key; float32, (chunks, width).

    A key that is not in the answer has not been embedded yet.
    """
    wanted = select(NoteVector).where(
        NoteVector.site == site,
        NoteVector.note_key.in_(keys),
        NoteVector.encoder_hash == encoder_hash,
    )
    with Session(engine) as session:
        rows = session.scalars(wanted).all()
    return {row.note_key: unpack(row.vectors, row.chunks, row.width) for row in rows}


def upsert_patients(connection: psycopg.Connection, records: Sequence[PatientRecord]) -> None:
    """Write the rows, replacing older ones; a row of a newer watermark stays as it is."""
    _copy_and_insert(connection, PATIENTS, PatientRecord._fields, records)


def upsert_note_vectors(connection: psycopg.Connection, records: Sequence[NoteRecord]) -> None:
    """Write the vectors that are not there yet; one text and encoder give one answer for ever."""
    _copy_and_insert(connection, NOTE_VECTORS, NoteRecord._fields, records)


def _copy_and_insert(
    connection: psycopg.Connection,
    upsert: Upsert,
    columns: Sequence[str],
    records: Sequence[tuple[Any, ...]],
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    like = sql.SQL("CREATE TEMP TABLE staged (LIKE {} INCLUDING DEFAULTS) ON COMMIT DROP")
    copy = sql.SQL("COPY staged ({}) FROM STDIN (FORMAT binary)").format(names)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(like.format(sql.Identifier(upsert.table)))
        with cursor.copy(copy) as stream:
            stream.set_types(upsert.types)
            for record in records:
                stream.write_row(record)
        cursor.execute(upsert.insert)
