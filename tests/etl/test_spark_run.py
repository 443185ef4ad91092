"""A features run over a real store: what it writes, and what it says when it cannot."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine

from etl.events.extract import events_of
from etl.events.table import canonical
from etl.features.compute import feature_row
from etl.features.table import table_to_rows
from etl.jobs.failures import RunFailed
from etl.notes.text import note_key
from etl.online import load_note_vectors, load_patient
from etl.rules import SiteRules
from etl.snapshots import TABLES, read_manifest, snapshot_path, snapshots_folder, table_path
from tests.support.encoders import FailingEncoder, LengthEncoder
from tests.support.hospital import FIRST_DAY, SITE, back_after, lab, person, put, stay, store_of
from tests.support.runs import Bench, bench_over

FAR = datetime(2030, 1, 1, tzinfo=UTC)
ENDS = {"dan": FIRST_DAY + timedelta(days=20)}


@pytest.fixture(scope="module")
def made(
    spark: SparkSession, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """One run that the tests below look at from several sides."""
    with bench_over(spark, database_url, tmp_path_factory.mktemp("made")) as bench:
        put(bench.engine, *back_after("ann", 10), lab("ann", "l2", day=12, value=1.1))
        put(bench.engine, *back_after("bob", 100), *back_after("dan", 10))
        put(bench.engine, person("kid", birthDate="2015"), stay("kid", "s1", day=0))
        bench.run(encoder=LengthEncoder, observed_until=lambda patient: ENDS.get(patient, FAR))
        yield bench


def test_each_index_discharge_has_its_label_and_features(made: Bench) -> None:
    labels = {row["encounter_id"]: row["label"] for row in made.rows("labels")}

    assert labels == {
        "ann-s1": True,
        "ann-s2": False,
        "bob-s1": False,
        "bob-s2": False,
        "dan-s1": None,
        "dan-s2": None,
    }
    assert {row["encounter_id"] for row in made.rows("features")} == set(labels)


def test_batch_features_equal_the_plain_function_bit_for_bit(made: Bench) -> None:
    stored = store_of(made.engine).patient_resources("ann")
    events = canonical(event for each in stored for event in events_of(each.body))

    batch = table_to_rows(pq.read_table(table_path(made.home, "features")))

    of_ann = [row for row in batch if row.patient_id == "ann"]
    single = [feature_row(events, row.as_of, row.encounter_id, SiteRules()) for row in of_ann]
    assert len(single) == 2
    assert repr(of_ann) == repr(single)


def test_the_online_row_holds_the_events_of_the_store(made: Bench) -> None:
    stored = store_of(made.engine).patient_resources("ann")

    row = load_patient(made.engine, SITE, "ann")

    assert row is not None
    assert row.events == canonical(event for each in stored for event in events_of(each.body))
    assert row.as_of == max(event.available for event in row.events if event.available)
    assert row.watermark == read_manifest(made.home).watermark


def test_the_manifest_counts_rows_and_names_exclusions(made: Bench) -> None:
    manifest = read_manifest(made.home)

    assert manifest.excluded == {"below_minimum_age": 1}
    assert {name: manifest.counts[name] for name in TABLES} == {
        name: len(made.rows(name)) for name in TABLES
    }
    assert (manifest.mode, manifest.counts["patients"]) == ("full", 4)


def test_notes_named_by_features_have_their_vectors(made: Bench) -> None:
    keys = {note_key(f"Lives alone. Back after {days}?") for days in (10, 100)}

    notes = made.rows("notes")

    stored = load_note_vectors(made.engine, SITE, sorted(keys), LengthEncoder.hash)
    assert {row["note_key"] for row in notes} == keys == set(stored)
    assert all(row["vector"] == stored[row["note_key"]][row["chunk"]].tolist() for row in notes)


def test_files_are_sorted_and_nothing_lies_beside_them(made: Bench) -> None:
    folder = snapshot_path(made.home)

    assert {path.name for path in folder.iterdir()} == {*TABLES, "manifest.json"}
    for part in folder.glob("features/part-*.parquet"):
        rows = [(row["patient_id"], row["as_of"]) for row in pq.read_table(part).to_pylist()]
        assert rows == sorted(rows)


def test_a_failing_run_keeps_the_snapshot_and_no_word_of_a_note(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    bench = Bench(spark, engine, tmp_path)
    before = bench.run()
    put(engine, *back_after("bob", 10))

    with pytest.raises(RunFailed, match="Embedding failed for note") as failed:
        bench.run(encoder=FailingEncoder)

    assert "Lives alone" not in str(failed.value)
    assert read_manifest(tmp_path) == before
    kept = {path.name for path in snapshots_folder(tmp_path).iterdir()}
    assert kept == {".lock", "current", before.id}


def test_a_patient_that_cannot_be_read_is_named_by_pseudonym(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    put(engine, person("p1bad", birthDate="once upon a time"))

    with pytest.raises(RunFailed, match="Patient to events failed for patient p1bad") as failed:
        Bench(spark, engine, tmp_path).run()

    assert "once upon" not in str(failed.value)


def test_an_empty_store_gives_an_empty_snapshot(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    bench = Bench(spark, engine, tmp_path)

    manifest = bench.run(encoder=LengthEncoder)

    assert set(manifest.counts.values()) == {0}
    assert all(bench.rows(table) == [] for table in TABLES)
