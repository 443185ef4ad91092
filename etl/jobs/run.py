"""One features run: from the store to a new current snapshot, online rows and note vectors.

The rows of a snapshot are a function of the store below its watermark, the rules and the end of
observation: computed in steps or from scratch, they are the same. The driver holds ids and
counts, never a patient's data.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlalchemy import create_engine

from etl.features.catalogue import SCHEMA_HASH
from etl.jobs.failures import RunFailed, work_failure
from etl.jobs.folder import finish, only_run, unfinished
from etl.jobs.job import FeatureJob
from etl.jobs.online import forget_vanished
from etl.jobs.plan import Basis, rules_as_json, snapshot_to_carry_on
from etl.jobs.postgres_source import libpq_url
from etl.jobs.session import SparkOptions, settle, spark_session
from etl.jobs.steps import (
    Run,
    compute_patients,
    describe,
    embed_notes,
    encoder_hash,
    list_patients,
    online_target,
    write_online_rows,
    write_tables,
)
from etl.jobs.store import FROM_THE_BEGINNING, StoreWindow, touched_query
from etl.snapshots import SnapshotManifest
from fhir_api.store.planner import refresh_statistics

WATERMARKS = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
PATIENCE_S, LOOK_AGAIN_S = 15.0, 0.1


def run_features(job: FeatureJob, options: SparkOptions, now: datetime) -> SnapshotManifest:
    """Make a snapshot in a Spark session of its own; as `make_snapshot`."""
    with spark_session(options) as spark:
        return make_snapshot(spark, job, now)


def make_snapshot(spark: SparkSession, job: FeatureJob, now: datetime) -> SnapshotManifest:
    """Bring the snapshot, the online rows and the note vectors up to the store as it is now.

    Where nothing has changed since the current snapshot, that one stays.

    Args:
        spark: The session to work in.
        job: What to compute and where to put it.
        now: UTC; when the run begins, for the name of the snapshot.

    Returns:
        The manifest of the snapshot that is now current.

    Raises:
        RunFailed: A patient or note could not be worked on; the message names it by pseudonym.
        AlreadyRunning: Another run holds the home.
    """
    settle(spark)
    snapshot_id = f"{now:%Y%m%dT%H%M%S%fZ}"
    with only_run(job.home), unfinished(job.home, snapshot_id) as folder, failures_told():
        run = prepared(spark, job, folder)
        redone = list_patients(run)
        if not redone and run.before and run.before.encoder == run.encoder_hash:
            return run.before
        compute_patients(run)
        embed_notes(run)
        write_tables(run)
        write_online_rows(run)
        manifest = describe(run, snapshot_id, now)
        finish(folder, job.home, manifest)
        forget(run)
    return manifest


def prepared(spark: SparkSession, job: FeatureJob, folder: Path) -> Run:
    """What the steps share: which snapshot to carry on, and the window of the store to read."""
    analyse(job.database_url)
    url = libpq_url(job.database_url)
    basis = Basis(job.site, SCHEMA_HASH, rules_as_json(job.rules))
    before = None if job.full else snapshot_to_carry_on(job.home, basis)
    since = before.watermark if before else FROM_THE_BEGINNING
    window = StoreWindow(url, job.site, since, watermark(url))
    return Run(spark, job, folder, basis, before, window, encoder_hash(job))


def analyse(database_url: str) -> None:
    """Let the planner know how large the store is, lest reading the feed become quadratic."""
    engine = create_engine(database_url)
    refresh_statistics(engine)
    engine.dispose()


def watermark(url: str) -> int:
    """A transaction id of the store below which every row is committed and visible.

    Whatever has begun when we ask is waited for, so that a run sees all that was stored before
    it. Transactions of any database of the server count; one that stays open for longer than
    `PATIENCE_S` is not waited for, and what came after it is left to the next run.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        oldest, wanted = _watermarks(connection)
        deadline = time.monotonic() + PATIENCE_S
        while oldest < wanted and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_S)
            oldest, _ = _watermarks(connection)
    return min(oldest, wanted)


def _watermarks(connection: psycopg.Connection) -> tuple[int, int]:
    """The oldest transaction under way, and the next one to begin."""
    row = connection.execute(WATERMARKS).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def forget(run: Run) -> None:
    """Take the online rows of patients of whom the store holds nothing any more."""
    with psycopg.connect(run.window.url) as connection:
        forget_vanished(connection, online_target(run), touched_query(run.window))


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn a worker's failure into one sentence; anything else Spark says passes as it is."""
    try:
        yield
    except PySparkException as error:
        told = work_failure(str(error))
        if told is None:
            raise
        raise RunFailed(told) from None
