"""Embed the notes that have no vectors yet, on the executors.

In      feed         body (JSON text) of the resource types that bear notes
        stored       note_key of what this encoder has embedded before
Out     Postgres     `etl.tables.NoteVector`; a snapshot's notes as `etl.snapshots.NOTE_SCHEMA`
Grain   one text is embedded once, however many patients or documents bear it
Twice   vectors are added and never changed; a run cut short goes on where it stopped
"""

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import psycopg
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema

from etl.jobs.failures import FeaturesError, naming
from etl.notes.encoder import Encoder
from etl.notes.text import note_key, note_texts
from etl.notes.vectors import pack, unpack
from etl.online import NoteRecord, upsert_note_vectors
from etl.snapshots import NOTE_SCHEMA

Batches = Iterable[pa.RecordBatch]
TEXT_SCHEMA = pa.schema([("note_key", pa.string()), ("text", pa.string())])
NOTES_A_COMMIT = 64


@dataclass(frozen=True, slots=True)
class NoteTarget:
    """Which encoder embeds, and where its vectors go.

    Attributes:
        url: A libpq address; executors connect to it.
        site: The tenant.
        encoder_hash: Of the encoder as the driver loaded it.
        factory: The pickled `etl.notes.encoder.EncoderFactory`.
    """

    url: str
    site: str
    encoder_hash: str
    factory: bytes


class EncoderDiffers(FeaturesError):
    """An executor loaded another encoder than the driver did."""

    def __init__(self) -> None:
        super().__init__(
            "The note encoder on an executor is not the driver's. "
            "Put the same encoder folder at the same path on every machine."
        )


def texts(feed: DataFrame) -> DataFrame:
    """Each distinct note text of the feed with its key."""
    found = feed.select("patient_id", "body").mapInArrow(
        _texts_of_batches, from_arrow_schema(TEXT_SCHEMA)
    )
    return found.dropDuplicates(["note_key"])


def embed(texts: DataFrame, stored: DataFrame, target: NoteTarget) -> int:
    """Embed the texts that are not stored yet, on all cores; gives how many were embedded."""
    parts = 4 * texts.sparkSession.sparkContext.defaultParallelism
    missing = texts.join(stored, "note_key", "left_anti")
    # Few texts are few bytes, which Spark would give to one core; embedding them is the long part.
    spread = missing.repartition(parts, "note_key")
    embedded = spread.mapInArrow(embedder(target), "embedded long")
    total: int | None = embedded.agg(f.sum("embedded")).collect()[0][0]
    return total or 0


def embedder(target: NoteTarget) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """The function each executor runs over its partition."""

    def embed_batches(batches: Batches) -> Iterator[pa.RecordBatch]:
        encoder = loaded(target.factory)
        if encoder.hash != target.encoder_hash:
            raise EncoderDiffers
        with psycopg.connect(target.url) as connection:
            for piece in pieces(batches):
                upsert_note_vectors(connection, records(piece, encoder, target))
                yield pa.RecordBatch.from_pydict({"embedded": [piece.num_rows]})

    return embed_batches


@lru_cache(maxsize=1)
def loaded(factory: bytes) -> Encoder:
    """The encoder; loaded once in each worker process, which Spark uses for many tasks."""
    encoder: Encoder = pickle.loads(factory)()  # noqa: S301 - bytes our own driver made
    return encoder


def pieces(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Batches cut small, so that little is lost when a worker dies."""
    for batch in batches:
        for start in range(0, batch.num_rows, NOTES_A_COMMIT):
            yield batch.slice(start, NOTES_A_COMMIT)


def records(batch: pa.RecordBatch, encoder: Encoder, target: NoteTarget) -> list[NoteRecord]:
    """One row of the vector table for each text of the batch."""
    pairs = zip(batch["note_key"].to_pylist(), batch["text"].to_pylist(), strict=True)
    return [_record(key, text, encoder, target) for key, text in pairs]


VECTOR_SCHEMA = "note_key string, chunks int, width int, vectors binary, part int"


def vector_query(site: str, encoder_hash: str) -> str:
    """SELECT of one encoder's vectors; `part` (0 to 255) spreads the notes evenly for reading."""
    return (
        "SELECT note_key, chunks, width, vectors, "
        "get_byte(decode(substr(note_key, 1, 2), 'hex'), 0) AS part "
        f"FROM note_vector WHERE site = '{site}' AND encoder_hash = '{encoder_hash}'"
    )


def note_rows(vectors: DataFrame, features: DataFrame) -> DataFrame:
    """The vectors of the notes that some feature row names, one row a chunk."""
    named = features.select(f.explode("note_keys").alias("note_key")).distinct()
    wanted = vectors.join(named, "note_key", "left_semi")
    columns = ("note_key", "chunks", "width", "vectors")
    return wanted.select(*columns).mapInArrow(_chunks_of_batches, from_arrow_schema(NOTE_SCHEMA))


def _record(key: str, text: str, encoder: Encoder, target: NoteTarget) -> NoteRecord:
    with naming("Embedding", f"note {key}"):
        vectors = encoder.encode(text)
        chunks, width = vectors.shape
        return NoteRecord(target.site, key, target.encoder_hash, chunks, width, pack(vectors))


def _texts_of_batches(batches: Batches) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        pairs = zip(batch["patient_id"].to_pylist(), batch["body"].to_pylist(), strict=True)
        found = [
            (note_key(text), text)
            for patient_id, body in pairs
            for text in _texts_of(patient_id, body)
        ]
        yield _batch(found, TEXT_SCHEMA)


def _texts_of(patient_id: str, body: str) -> list[str]:
    with naming("Reading notes", f"patient {patient_id}"):
        return note_texts(json.loads(body))


def _chunks_of_batches(batches: Batches) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        found = [
            (row["note_key"], chunk, vector)
            for row in batch.to_pylist()
            for chunk, vector in enumerate(unpack(row["vectors"], row["chunks"], row["width"]))
        ]
        yield _batch(found, NOTE_SCHEMA)


def _batch(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
