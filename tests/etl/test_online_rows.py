"""Online rows and note vectors: what is written is what serving reads, however often."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest
from sqlalchemy import Engine

from etl.events.event import Event
from etl.events.table import to_bytes
from etl.jobs.postgres_source import libpq_url
from etl.notes.vectors import pack
from etl.online import (
    NoteRecord,
    PatientRecord,
    load_note_vectors,
    load_patient,
    upsert_note_vectors,
    upsert_patients,
)

MOMENT = datetime(2020, 1, 2, 8, 30, tzinfo=UTC)
EVENT = Event(
    "ann", MOMENT, MOMENT, "LAB//loinc//718-7", 13.5, None, "g/dL", "Observation", "o1", None
)


@pytest.fixture
def connection(engine: Engine) -> Iterator[psycopg.Connection]:
    url = engine.url.render_as_string(hide_password=False)
    with psycopg.connect(libpq_url(url)) as connection:
        yield connection


def record(patient_id: str, watermark: int, *events: Event, site: str = "north") -> PatientRecord:
    return PatientRecord(site, patient_id, watermark, MOMENT, "schema", to_bytes(events))


def test_reads_back_the_events_that_were_written(
    connection: psycopg.Connection, engine: Engine
) -> None:
    upsert_patients(connection, [record("ann", 7, EVENT), record("bob", 7)])

    row = load_patient(engine, "north", "ann")

    assert row is not None
    assert (row.events, row.watermark, row.as_of) == ([EVENT], 7, MOMENT)


def test_knows_nothing_of_a_patient_of_another_site(
    connection: psycopg.Connection, engine: Engine
) -> None:
    upsert_patients(connection, [record("ann", 7, EVENT, site="south")])

    assert load_patient(engine, "north", "ann") is None


def test_a_row_is_replaced_by_a_newer_one_only(
    connection: psycopg.Connection, engine: Engine
) -> None:
    upsert_patients(connection, [record("ann", 7, EVENT)])
    upsert_patients(connection, [record("ann", 5)])
    kept = load_patient(engine, "north", "ann")
    upsert_patients(connection, [record("ann", 9)])
    replaced = load_patient(engine, "north", "ann")

    assert kept is not None
    assert kept.events == [EVENT]
    assert replaced is not None
    assert (replaced.events, replaced.watermark) == ([], 9)


def test_writing_the_same_rows_twice_leaves_them_once(connection: psycopg.Connection) -> None:
    for _ in range(2):
        upsert_patients(connection, [record("ann", 7, EVENT)])

    rows = connection.execute("select count(*) from online_patient").fetchone()
    assert rows == (1,)


def test_note_vectors_come_back_for_their_encoder_alone(
    connection: psycopg.Connection, engine: Engine
) -> None:
    vectors = np.array([[0.5, -1.0], [2.0, 0.25]], np.float32)
    upsert_note_vectors(connection, [NoteRecord("north", "key", "tiny", 2, 2, pack(vectors))])

    found = load_note_vectors(engine, "north", ["key", "unseen"], "tiny")
    other = load_note_vectors(engine, "north", ["key"], "large")

    assert list(found) == ["key"]
    np.testing.assert_array_equal(found["key"], vectors)
    assert other == {}


def test_a_stored_vector_is_never_changed(connection: psycopg.Connection, engine: Engine) -> None:
    first, second = (np.full((1, 2), value, np.float32) for value in (1.0, 2.0))
    for vectors in (first, second):
        upsert_note_vectors(connection, [NoteRecord("north", "key", "tiny", 1, 2, pack(vectors))])

    found = load_note_vectors(engine, "north", ["key"], "tiny")

    np.testing.assert_array_equal(found["key"], first)


def test_postgres_refuses_vectors_of_the_wrong_length(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        upsert_note_vectors(connection, [NoteRecord("north", "key", "tiny", 2, 2, b"\0\0")])
