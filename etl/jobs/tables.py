"""The tables of a snapshot: what was computed, beside what is carried on, sorted within files.

In      patients    `etl.jobs.patients.PATIENT_SCHEMA`
        carried     the same table of the snapshot before, without the patients of this run
Out     Parquet     one folder a table
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema

from etl.events.event import EVENT_SCHEMA

SORTED_BY = {
    "events": ("patient_id", "time", "code", "resource_type", "resource_id", "available",
               "numeric_value", "text_value"),
    "features": ("patient_id", "as_of", "encounter_id"),
    "labels": ("patient_id", "discharged_at", "encounter_id"),
    "ledger": ("patient_id", "encounter_id", "reason"),
    "notes": ("note_key", "chunk"),
}  # fmt: skip
PATIENT_TABLES = ("events", "features", "labels", "ledger")


def rows(patients: DataFrame, table: str) -> DataFrame:
    """The rows of one table out of those nested in the patients."""
    if table == "events":
        return patients.select("events").mapInArrow(_unpacked, from_arrow_schema(EVENT_SCHEMA))
    return patients.select(f.inline(table))


def joined(computed: DataFrame, carried: DataFrame | None, redone: DataFrame) -> DataFrame:
    """Computed rows and, of the carried ones, those of patients that were not redone."""
    if carried is None:
        return computed
    kept = carried.join(redone.select("patient_id"), "patient_id", "left_anti")
    return computed.unionByName(kept.select(computed.columns)).repartition("patient_id")


def write_table(frame: DataFrame, table: str, folder: Path) -> None:
    """Write one table into its folder, the rows of each file in their order."""
    ordered = frame.sortWithinPartitions(*SORTED_BY[table])
    write_parquet(ordered, folder / table)


def write_parquet(frame: DataFrame, path: Path) -> None:
    """Write a new folder of Parquet files and nothing beside them."""
    unmarked = frame.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    unmarked.parquet(path.resolve().as_uri())


def _unpacked(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        tables = [pa.ipc.open_stream(stored).read_all() for stored in batch[0].to_pylist()]
        if tables:
            yield from pa.concat_tables(tables).combine_chunks().to_batches()
