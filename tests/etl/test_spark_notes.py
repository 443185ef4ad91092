"""Notes are embedded once a text and encoder, on the executors, and read back as they were made."""

import base64
import json
import pickle

import numpy as np
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Engine

from etl.jobs.failures import work_failure
from etl.jobs.notes import VECTOR_SCHEMA, NoteTarget, embed, note_rows, texts, vector_query
from etl.jobs.postgres_source import libpq_url, read_postgres
from etl.notes.encoder import EncoderFactory
from etl.notes.text import note_key
from etl.online import load_note_vectors
from tests.support.encoders import FailingEncoder, LengthEncoder, OtherEncoder

LONG, SHORT = "Lives alone, and missed the last two visits.", "Steady gait."


@pytest.fixture
def url(engine: Engine) -> str:
    return libpq_url(engine.url.render_as_string(hide_password=False))


def target(url: str, factory: EncoderFactory = LengthEncoder) -> NoteTarget:
    return NoteTarget(url, "north", factory().hash, pickle.dumps(factory))


def feed(spark: SparkSession, *notes: str) -> DataFrame:
    bodies = [
        json.dumps(
            {
                "resourceType": "DiagnosticReport",
                "presentedForm": [
                    {"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}
                ],
            }
        )
        for note in notes
    ]
    return spark.createDataFrame(
        [(f"patient-{n}", body) for n, body in enumerate(bodies)], "patient_id string, body string"
    )


def stored(spark: SparkSession, target: NoteTarget) -> DataFrame:
    query = vector_query(target.site, target.encoder_hash)
    return read_postgres(spark, target.url, query, VECTOR_SCHEMA)


def embed_all(spark: SparkSession, target: NoteTarget, *notes: str) -> int:
    return embed(texts(feed(spark, *notes)), stored(spark, target), target)


def test_the_vectors_of_a_note_are_those_of_its_encoder(
    spark: SparkSession, url: str, engine: Engine
) -> None:
    embed_all(spark, target(url), LONG)

    found = load_note_vectors(engine, "north", [note_key(LONG)], LengthEncoder.hash)

    np.testing.assert_array_equal(found[note_key(LONG)], LengthEncoder().encode(LONG))


def test_a_text_is_embedded_once_however_often_it_stands(spark: SparkSession, url: str) -> None:
    assert embed_all(spark, target(url), LONG, SHORT, LONG) == 2
    assert embed_all(spark, target(url), SHORT, "A new one.") == 1
    assert embed_all(spark, target(url), SHORT) == 0


def test_another_encoder_embeds_everything_anew(spark: SparkSession, url: str) -> None:
    embed_all(spark, target(url), LONG)

    assert embed_all(spark, target(url, OtherEncoder), LONG) == 1


def test_a_snapshot_holds_the_notes_its_features_name(spark: SparkSession, url: str) -> None:
    embed_all(spark, target(url), LONG, SHORT)
    features = spark.createDataFrame([([note_key(LONG)],), ([],)], "note_keys array<string>")

    rows = note_rows(stored(spark, target(url)), features).orderBy("chunk").collect()

    assert {row.note_key for row in rows} == {note_key(LONG)}
    assert [row.chunk for row in rows] == [0, 1, 2]
    assert [row.vector[0] for row in rows] == [20.0, 20.0, 4.0]


def test_a_failing_encoder_names_the_note_and_not_its_text(spark: SparkSession, url: str) -> None:
    with pytest.raises(PySparkException) as failed:
        embed_all(spark, target(url, FailingEncoder), LONG)

    told = work_failure(str(failed.value))
    assert told is not None
    assert f"note {note_key(LONG)}" in told
    assert "Lives alone" not in str(failed.value)


def test_refuses_an_executor_with_another_encoder(spark: SparkSession, url: str) -> None:
    wrong = NoteTarget(url, "north", "expected-hash", pickle.dumps(LengthEncoder))

    with pytest.raises(PySparkException, match="not the driver's"):
        embed_all(spark, wrong, LONG)
