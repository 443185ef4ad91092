"""The steps of a features run, in the order `etl.jobs.run` takes them.

Each reads the store or what an earlier step wrote into the run's folder, and writes one thing:

    list_patients       observed/     whom the run computes
    compute_patients    patients/     everything of a patient in one row, after one shuffle
    embed_notes         Postgres      vectors of notes not seen before
    write_tables        the tables of the snapshot
    write_online_rows   Postgres      the row serving reads
"""

import pickle
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from etl.jobs.events import events
from etl.jobs.folder import counted
from etl.jobs.job import FeatureJob
from etl.jobs.notes import VECTOR_SCHEMA, NoteTarget, embed, note_rows, texts, vector_query
from etl.jobs.observed import redone, write_observed
from etl.jobs.online import OnlineTarget, write_online
from etl.jobs.patients import patients
from etl.jobs.plan import Basis, unripe
from etl.jobs.postgres_source import Split, read_postgres
from etl.jobs.store import FROM_THE_BEGINNING, StoreWindow, feed, touched
from etl.jobs.tables import PATIENT_TABLES, joined, rows, write_parquet, write_table
from etl.notes.text import NOTE_TYPES
from etl.snapshots import NOTE_SCHEMA, TABLES, SnapshotManifest, table_path

OBSERVED, PATIENTS = "observed", "patients"


@dataclass(frozen=True, slots=True)
class Run:
    """What the steps share.

    Attributes:
        spark: The session.
        job: What was asked.
        folder: Where this run writes, until it is a snapshot.
        basis: What this run's rows rest on.
        before: The snapshot to carry on; None to compute everything.
        window: The store's changes since that snapshot.
        encoder_hash: Of the note encoder, if there is one.
    """

    spark: SparkSession
    job: FeatureJob
    folder: Path
    basis: Basis
    before: SnapshotManifest | None
    window: StoreWindow
    encoder_hash: str | None

    def made(self, table: str) -> DataFrame:
        """What an earlier step of this run wrote."""
        return self.spark.read.parquet((self.folder / table).resolve().as_uri())

    def carried(self, table: str) -> DataFrame | None:
        """A table of the snapshot to carry on, if there is one."""
        if self.before is None:
            return None
        return self.spark.read.parquet(self.carried_path(table).resolve().as_uri())

    def carried_path(self, table: str) -> Path:
        """Folder of a table of the snapshot to carry on, which there must be."""
        assert self.before is not None
        return table_path(self.job.home, table, self.before.id)


def encoder_hash(job: FeatureJob) -> str | None:
    """Hash of the job's note encoder, which is loaded for it; None without one."""
    return None if job.encoder is None else job.encoder().hash


def online_target(run: Run) -> OnlineTarget:
    """Where the run's online rows go."""
    window = run.window
    return OnlineTarget(window.url, window.site, window.until, run.basis.schema_hash)


def list_patients(run: Run) -> int:
    """Write whom the run computes and how far each was observed; gives how many they are."""
    waiting = set() if run.before is None else unripe(run.carried_path("labels"))
    ids = redone(touched(run.window), waiting)
    return write_observed(ids, run.job.observed, run.folder / OBSERVED)


def compute_patients(run: Run) -> None:
    """Events of the store, and of carried patients that may have ripened, to rows of patients."""
    found = events(feed(run.spark, run.window))
    observed, carried = run.made(OBSERVED), run.carried("events")
    if carried is not None:
        waiting = observed.where("NOT touched")
        found = found.unionByName(carried.join(waiting, "patient_id", "left_semi"))
    computed = patients(found, observed, run.job.rules)
    write_parquet(computed, run.folder / PATIENTS)


def embed_notes(run: Run) -> None:
    """Embed the notes of touched patients; of all patients when the encoder is a new one."""
    if run.encoder_hash is None:
        return
    seen = run.before is not None and run.before.encoder == run.encoder_hash
    window = run.window if seen else replace(run.window, since=FROM_THE_BEGINNING)
    target = NoteTarget(
        window.url, window.site, run.encoder_hash, factory=pickle.dumps(run.job.encoder)
    )
    stored = stored_vectors(run).select("note_key")
    embed(texts(feed(run.spark, window, NOTE_TYPES)), stored, target)


def stored_vectors(run: Run) -> DataFrame:
    """What the run's encoder has made of notes so far."""
    query = vector_query(run.window.site, str(run.encoder_hash))
    parts = 4 * run.spark.sparkContext.defaultParallelism
    split = Split("part", 0, 255, parts)
    return read_postgres(run.spark, run.window.url, query, VECTOR_SCHEMA, split)


def write_tables(run: Run) -> None:
    """All tables of the snapshot, patients not redone as they were."""
    computed, observed = run.made(PATIENTS), run.made(OBSERVED)
    for table in PATIENT_TABLES:
        whole = joined(rows(computed, table), run.carried(table), observed)
        write_table(whole, table, run.folder)
    write_table(notes(run), "notes", run.folder)


def notes(run: Run) -> DataFrame:
    """Vectors of the notes that the snapshot's features name; empty without an encoder."""
    if run.encoder_hash is None:
        return run.spark.createDataFrame([], from_arrow_schema(NOTE_SCHEMA))
    return note_rows(stored_vectors(run), run.made("features"))


def write_online_rows(run: Run) -> None:
    """Upsert the online row of every patient the run computed."""
    write_online(run.made(PATIENTS), online_target(run))


def describe(run: Run, snapshot_id: str, now: datetime) -> SnapshotManifest:
    """The manifest of what was written; takes away what only the steps needed."""
    patients_in = run.made("events").select("patient_id").distinct().count()
    excluded = run.made("ledger").groupBy("reason").count().collect()
    for scaffold in (OBSERVED, PATIENTS):
        shutil.rmtree(run.folder / scaffold)
    return SnapshotManifest(
        id=snapshot_id,
        created_at=now,
        site=run.job.site,
        mode="full" if run.before is None else "incremental",
        watermark=run.window.until,
        schema_hash=run.basis.schema_hash,
        label_spec=run.job.rules.label_spec,
        rules=run.basis.rules,
        encoder=run.encoder_hash,
        counts={"patients": patients_in, **{name: counted(run.folder / name) for name in TABLES}},
        excluded={row.reason: row["count"] for row in excluded},
    )
