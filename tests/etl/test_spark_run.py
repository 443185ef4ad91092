"""A features run over a real store: what it writes, and that steps equal one run from scratch."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine

from etl.events.extract import events_of
from etl.events.table import canonical
from etl.features.compute import feature_row
from etl.features.table import table_to_rows
from etl.jobs.failures import RunFailed
from etl.jobs.job import FeatureJob
from etl.jobs.run import make_snapshot
from etl.notes.text import note_key
from etl.online import load_note_vectors, load_patient
from etl.rules import SiteRules
from etl.snapshots import TABLES, SnapshotManifest, read_manifest, snapshots_folder, table_path
from etl.tables import NoteVector, OnlinePatient
from tests.support.encoders import FailingEncoder, LengthEncoder
from tests.support.hospital import FIRST_DAY, SITE, back_after, lab, person, put, stay, store_of

NOW = datetime(2021, 1, 1, tzinfo=UTC)
RUNS = count()


class Bench:
    """One store, one home, and runs over them a second apart."""

    def __init__(self, spark: SparkSession, engine: Engine, url: str, home: Path) -> None:
        self.spark, self.engine, self.url, self.home = spark, engine, url, home

    def run(self, home: Path | None = None, **options: Any) -> SnapshotManifest:
        rules = options.pop("rules", SiteRules())
        job = FeatureJob(self.url, SITE, home or self.home, rules, **options)
        return make_snapshot(self.spark, job, NOW + timedelta(seconds=next(RUNS)))

    def rows(self, table: str, home: Path | None = None) -> list[dict[str, Any]]:
        rows = pq.read_table(table_path(home or self.home, table)).to_pylist()
        return sorted(rows, key=repr)


@pytest.fixture
def bench(spark: SparkSession, engine: Engine, database_url: str, tmp_path: Path) -> Bench:
    for table in (OnlinePatient.__table__, NoteVector.__table__):
        table.create(engine, checkfirst=True)  # type: ignore[attr-defined]
    return Bench(spark, engine, database_url, tmp_path / "home")


def test_labels_and_features_of_each_index_discharge_are_written(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10), *back_after("bob", 100))

    manifest = bench.run()

    labels = {row["encounter_id"]: row["label"] for row in bench.rows("labels")}
    assert labels == {"ann-s1": True, "ann-s2": False, "bob-s1": False, "bob-s2": False}
    assert {row["encounter_id"] for row in bench.rows("features")} == set(labels)
    assert (manifest.counts["patients"], manifest.counts["labels"]) == (2, 4)
    assert read_manifest(bench.home) == manifest


def test_batch_features_equal_the_plain_function_bit_for_bit(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10), lab("ann", "l2", day=12, value=1.1))

    bench.run()

    stored = store_of(bench.engine).patient_resources("ann")
    events = canonical(event for each in stored for event in events_of(each.body))
    batch = table_to_rows(pq.read_table(table_path(bench.home, "features")))
    single = [feature_row(events, row.as_of, row.encounter_id, SiteRules()) for row in batch]
    assert repr(batch) == repr(single)
    row = load_patient(bench.engine, SITE, "ann")
    assert row is not None
    assert row.events == events


def test_excluded_discharges_are_counted_by_reason(bench: Bench) -> None:
    put(bench.engine, person("kid", birthDate="2015"), stay("kid", "s1", day=0))

    manifest = bench.run()

    assert manifest.excluded == {"below_minimum_age": 1}
    assert bench.rows("features") == []


def test_running_in_steps_equals_running_from_scratch(bench: Bench, tmp_path: Path) -> None:
    early = SiteRules(observed_until=FIRST_DAY + timedelta(days=20))
    late = SiteRules(observed_until=FIRST_DAY + timedelta(days=90))
    put(bench.engine, *back_after("ann", 10), *back_after("bob", 10), *back_after("cat", 9))
    bench.run(rules=early, encoder=LengthEncoder)
    put(bench.engine, lab("bob", "l1", day=1, value=7.0), *back_after("dan", 5))

    steps = bench.run(rules=late, encoder=LengthEncoder)
    scratch = bench.run(tmp_path / "other", rules=late, encoder=LengthEncoder)

    assert (steps.mode, scratch.mode) == ("incremental", "full")
    assert steps.counts == scratch.counts
    assert steps.excluded == scratch.excluded
    for table in TABLES:
        assert repr(bench.rows(table)) == repr(bench.rows(table, tmp_path / "other"))


def test_a_resource_that_changes_hands_leaves_its_first_patient(
    bench: Bench, tmp_path: Path
) -> None:
    put(bench.engine, *back_after("ann", 10), person("bob"))
    bench.run()
    moved = stay("ann", "s2", day=13) | {"subject": {"reference": "Patient/bob"}}
    put(bench.engine, moved)

    bench.run()
    bench.run(tmp_path / "other")

    assert bench.rows("labels") == bench.rows("labels", tmp_path / "other")
    owners = {row["encounter_id"]: row["patient_id"] for row in bench.rows("labels")}
    assert owners == {"ann-s1": "ann", "ann-s2": "bob"}


def test_nothing_new_leaves_the_snapshot_as_it_is(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10))
    first = bench.run()

    assert bench.run() == first
    assert bench.run(full=True) != first


def test_each_patient_may_be_observed_to_an_end_of_their_own(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10), *back_after("bob", 10))
    ends = {"ann": FIRST_DAY + timedelta(days=400), "bob": FIRST_DAY + timedelta(days=20)}

    bench.run(observed_until=ends.__getitem__)

    mature = {row["encounter_id"] for row in bench.rows("labels") if row["label"] is not None}
    assert mature == {"ann-s1", "ann-s2"}


def test_notes_named_by_features_have_their_vectors(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10))
    words = "Lives alone. Back after 10?"

    manifest = bench.run(encoder=LengthEncoder)

    notes = bench.rows("notes")
    stored = load_note_vectors(bench.engine, SITE, [note_key(words)], LengthEncoder.hash)
    assert manifest.encoder == LengthEncoder.hash
    assert {row["note_key"] for row in notes} == {note_key(words)}
    assert [row["vector"] for row in notes] == stored[note_key(words)].tolist()


def test_a_failing_run_keeps_the_snapshot_and_no_word_of_a_note(bench: Bench) -> None:
    put(bench.engine, *back_after("ann", 10))
    before = bench.run()
    put(bench.engine, *back_after("bob", 10))

    with pytest.raises(RunFailed, match="Embedding failed for note") as failed:
        bench.run(encoder=FailingEncoder)

    assert "Lives alone" not in str(failed.value)
    assert read_manifest(bench.home) == before
    kept = {path.name for path in snapshots_folder(bench.home).iterdir()}
    assert kept == {".lock", "current", before.id}


def test_a_patient_that_cannot_be_read_is_named_by_pseudonym(bench: Bench) -> None:
    put(bench.engine, person("p1bad", birthDate="once upon a time"))

    with pytest.raises(RunFailed, match="Patient to events failed for patient p1bad") as failed:
        bench.run()

    assert "once upon" not in str(failed.value)


def test_an_empty_store_gives_an_empty_snapshot(bench: Bench) -> None:
    manifest = bench.run()

    assert set(manifest.counts.values()) == {0}
    assert all(bench.rows(table) == [] for table in TABLES)
