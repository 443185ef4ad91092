"""Features runs over the test hospital, a second apart, and what they wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from sqlalchemy import Engine, create_engine, text

from etl.jobs.job import FeatureJob
from etl.jobs.run import make_snapshot
from etl.rules import SiteRules
from etl.snapshots import SnapshotManifest, table_path
from tests.support.hospital import SITE

NOW = datetime(2021, 1, 1, tzinfo=UTC)
SECONDS = count()
TABLES_OF_A_RUN = (
    "resource_version, resource_head, resource_identifier, online_patient, note_vector"
)


@dataclass(frozen=True)
class Bench:
    """A store, the home of its snapshots, and a session to run in."""

    spark: SparkSession
    engine: Engine
    home: Path

    def run(self, home: Path | None = None, **options: Any) -> SnapshotManifest:
        """One run with the options of a `FeatureJob`; into another home, if one is given."""
        rules = options.pop("rules", SiteRules())
        url = self.engine.url.render_as_string(hide_password=False)
        job = FeatureJob(url, SITE, home or self.home, rules, **options)
        return make_snapshot(self.spark, job, NOW + timedelta(seconds=next(SECONDS)))

    def rows(self, table: str, home: Path | None = None) -> list[dict[str, Any]]:
        """All rows of a table of the current snapshot, in an order of their own."""
        return sorted(pq.read_table(table_path(home or self.home, table)).to_pylist(), key=repr)


@contextmanager
def bench_over(spark: SparkSession, database_url: str, home: Path) -> Iterator[Bench]:
    """A bench over an empty store, for as many tests as look at the same runs."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {TABLES_OF_A_RUN}"))
    yield Bench(spark, engine, home)
    engine.dispose()
