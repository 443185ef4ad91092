"""Write the online rows from where they were computed.

In      patients    patient_id, as_of, events (`etl.jobs.patients.PATIENT_SCHEMA`)
Out     Postgres    `etl.tables.OnlinePatient`; gives the number of rows written
Grain   one row for each patient; one transaction for each Arrow batch
Twice   a task that Spark runs again replaces its rows by the same rows
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from psycopg import sql
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from etl.events.table import moments
from etl.online import PatientRecord, upsert_patients

Batches = Iterable[pa.RecordBatch]
COLUMNS = ("patient_id", "as_of", "events")


@dataclass(frozen=True, slots=True)
class OnlineTarget:
    """Where online rows go and what they say of the run that wrote them.

    Attributes:
        url: A libpq address; executors connect to it.
        site: The tenant.
        watermark: Of the store when the run read it.
        schema_hash: Digest of the feature catalogue.
    """

    url: str
    site: str
    watermark: int
    schema_hash: str


def write_online(patients: DataFrame, target: OnlineTarget) -> int:
    """Upsert the row of each patient; a row of a newer watermark is left alone."""
    written = patients.select(*COLUMNS).mapInArrow(writer(target), "written long")
    total: int | None = written.agg(f.sum("written")).collect()[0][0]
    return total or 0


def writer(target: OnlineTarget) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """The function each executor runs over its partition."""

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        with psycopg.connect(target.url) as connection:
            for batch in batches:
                upsert_patients(connection, records(batch, target))
                yield pa.RecordBatch.from_pydict({"written": [batch.num_rows]})

    return write


def records(batch: pa.RecordBatch, target: OnlineTarget) -> list[PatientRecord]:
    """The rows of an Arrow batch as the online table takes them."""
    table = pa.Table.from_batches([batch])
    columns = (
        table["patient_id"].to_pylist(),
        moments(table["as_of"]),
        table["events"].to_pylist(),
    )
    return [
        PatientRecord(target.site, patient_id, target.watermark, as_of, target.schema_hash, events)
        for patient_id, as_of, events in zip(*columns, strict=True)
    ]


def forget_vanished(connection: psycopg.Connection, target: OnlineTarget, ids: str) -> None:
    """Remove rows that this run should have rewritten and did not: nothing is left of them.

    Args:
        connection: To the store.
        target: Of this run; the rows it wrote bear its watermark.
        ids: SELECT of the patients the run was to compute.
    """
    statement = sql.SQL(
        "DELETE FROM online_patient WHERE site = {} AND watermark < {} AND patient_id IN ({})"
    )
    # `ids` is composed by etl.jobs.store, which quotes what it takes in.
    inner = sql.SQL(ids)
    connection.execute(statement.format(target.site, target.watermark, inner))
