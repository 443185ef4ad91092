"""The Postgres source gives Spark every row once, with its type, however it is cut."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from etl.jobs.postgres_source import PostgresReader, Range, Split, libpq_url, read_postgres

MOMENT = datetime(2020, 2, 29, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(postgres_server: str) -> Iterator[str]:
    plain = libpq_url(postgres_server)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("create table source_sample (bucket int, at timestamptz, body jsonb)")
        connection.execute(
            "insert into source_sample select n, %s, jsonb_build_object('value', 1.10, 'n', n) "
            "from generate_series(0, 99) as n",
            [MOMENT],
        )
        yield plain
        connection.execute("drop table source_sample")


def test_reads_every_row_once_in_parallel_parts(spark: SparkSession, url: str) -> None:
    frame = read_postgres(
        spark,
        url,
        "select bucket from source_sample",
        "bucket int",
        Split("bucket", 0, 99, parts=3),
    )

    assert frame.rdd.getNumPartitions() == 3
    assert sorted(row.bucket for row in frame.collect()) == list(range(100))


def test_keeps_types_and_the_digits_of_decimals(spark: SparkSession, url: str) -> None:
    frame = read_postgres(
        spark,
        url,
        "select at, body from source_sample where bucket = 7",
        "at timestamp, body string",
    )

    (row,) = frame.selectExpr("unix_micros(at) as at", "body").collect()

    assert row.at == int(MOMENT.timestamp() * 1_000_000)
    assert row.body == '{"n": 7, "value": 1.10}'


def test_gives_an_empty_frame_for_an_empty_query(spark: SparkSession, url: str) -> None:
    frame = read_postgres(
        spark, url, "select bucket, body from source_sample where false", "bucket int, body string"
    )

    assert frame.columns == ["bucket", "body"]
    assert frame.collect() == []


def test_shows_no_password_in_the_plan(
    spark: SparkSession, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    password = psycopg.conninfo.conninfo_to_dict(url)["password"]

    read_postgres(spark, url, "select bucket from source_sample", "bucket int").explain(
        extended=True
    )

    shown = capsys.readouterr().out
    assert "source_sample" in shown or "homeward_postgres" in shown
    assert str(password) not in shown


@given(lower=st.integers(0, 50), width=st.integers(1, 2000), parts=st.integers(1, 70))
@settings(max_examples=50, deadline=None)
def test_ranges_cover_each_bucket_exactly_once(lower: int, width: int, parts: int) -> None:
    options = {"column": "b", "lower": lower, "upper": lower + width - 1, "parts": parts}
    reader = PostgresReader({name: str(value) for name, value in options.items()}, StructType())

    ranges = [
        partition.condition for partition in reader.partitions() if isinstance(partition, Range)
    ]
    covered = [bucket for each in ranges for bucket in buckets_of(each)]

    assert covered == list(range(lower, lower + width))


def buckets_of(condition: str) -> range:
    """`b >= 3 AND b < 5` as the range 3, 4."""
    words = condition.split()
    return range(int(words[2]), int(words[6]))
