"""Postgres as a Spark source: parallel partitions of Arrow batches, and no JDBC jar.

A Python data source (https://spark.apache.org/docs/latest/api/python/tutorial/sql/
python_data_source.html) over ADBC. Each partition is one connection that reads one range of an
integer column. Executors need no more than this package.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType
from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Sequence

REGISTERED = "homeward.postgres.registered"
BATCH_BYTES = str(4 << 20)


@dataclass(frozen=True, slots=True)
class Split:
    """How a query is cut: `column` runs from `lower` to `upper`, both included, in `parts`."""

    column: str
    lower: int
    upper: int
    parts: int


def read_postgres(
    spark: SparkSession, url: str, query: str, schema: str, split: Split | None = None
) -> DataFrame:
    """The rows of `query`, a SELECT, read by as many connections as the split has parts.

    Args:
        spark: The session; the source is registered with it.
        url: A libpq address.
        query: Its columns are those of the schema, in that order.
        schema: Spark's words for the columns and their types.
        split: Without one, a single connection reads everything.
    """
    if spark.conf.get(REGISTERED, None) is None:  # Spark warns of a second registration
        spark.dataSource.register(PostgresArrow)
        spark.conf.set(REGISTERED, "yes")
    reader = spark.read.format(PostgresArrow.name()).schema(schema)
    reader = reader.option("url", url).option("query", query)
    if split is not None:
        reader = reader.options(
            column=split.column, lower=split.lower, upper=split.upper, parts=split.parts
        )
    return reader.load()


class PostgresArrow(DataSource):
    """The data source. Options: url, query, and for a split column, lower, upper, parts."""

    @classmethod
    def name(cls) -> str:
        """The word for `spark.read.format`."""
        return "homeward_postgres"

    def reader(self, schema: StructType) -> "PostgresReader":
        """What reads the partitions; columns are cast to the schema given."""
        return PostgresReader(dict(self.options), schema)


@dataclass
class Range(InputPartition):
    """One partition: `condition` is its WHERE clause."""

    condition: str


class PostgresReader(DataSourceReader):
    """Reads one partition after another, each in an executor."""

    def __init__(self, options: dict[str, str], schema: StructType) -> None:
        self.options = options
        self.schema = to_arrow_schema(schema, timezone="UTC")

    def partitions(self) -> "Sequence[InputPartition]":
        """Ranges of near equal width that cover lower to upper without overlap."""
        if "column" not in self.options:
            return [Range("true")]
        lower, upper = int(self.options["lower"]), int(self.options["upper"])
        parts = min(int(self.options["parts"]), upper - lower + 1)
        edges = [lower + (upper + 1 - lower) * part // parts for part in range(parts + 1)]
        column = self.options["column"]
        return [
            Range(f"{column} >= {start} AND {column} < {end}") for start, end in pairwise(edges)
        ]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Arrow batches of about 4 MB, streamed: a partition is never whole in memory."""
        assert isinstance(partition, Range)
        query = f"SELECT * FROM ({self.options['query']}) AS q WHERE {partition.condition}"
        with _connect(self.options["url"]) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": BATCH_BYTES}
            )
            cursor.execute(query)
            for batch in cursor.fetch_record_batch():
                yield _as_declared(batch, self.schema)


def libpq_url(database_url: str) -> str:
    """The address as libpq reads it: SQLAlchemy's, without the name of a Python driver.

    >>> libpq_url("postgresql+psycopg://homeward:secret@localhost:5432/homeward")
    'postgresql://homeward:secret@localhost:5432/homeward'
    """
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _as_declared(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    plain = [
        column.storage if isinstance(column.type, pa.BaseExtensionType) else column
        for column in batch.columns
    ]
    columns = [column.cast(field.type) for column, field in zip(plain, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _connect(url: str) -> Any:
    from adbc_driver_postgresql import dbapi

    return dbapi.connect(url)
