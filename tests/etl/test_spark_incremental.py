"""Runs in steps write what one run from scratch writes, whatever happened in between."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from etl.online import load_patient
from etl.rules import SiteRules
from etl.snapshots import TABLES, read_manifest
from tests.support.encoders import LengthEncoder
from tests.support.hospital import FIRST_DAY, SITE, back_after, lab, person, put, stay, store_of
from tests.support.runs import Bench, bench_over

EARLY = SiteRules(observed_until=FIRST_DAY + timedelta(days=20))
LATE = SiteRules(observed_until=FIRST_DAY + timedelta(days=90))


@pytest.fixture(scope="module")
def steps(
    spark: SparkSession, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A run, a day of changes, and a run that carries the first one on.

    `ann` stays as she was and her labels ripen; `old` ripened long ago. `bob` gets a corrected
    lab, `eve` the second stay of `cat`, `dan` is new, and of `fay` everything is deleted.
    """
    with bench_over(spark, database_url, tmp_path_factory.mktemp("steps")) as bench:
        put(bench.engine, *back_after("ann", 10), *back_after("bob", 10), *back_after("cat", 9))
        put(bench.engine, person("old"), stay("old", "s1", day=-100), person("eve"), person("fay"))
        bench.run(rules=EARLY, encoder=LengthEncoder)
        put(bench.engine, lab("bob", "l1", day=1, value=7.0), *back_after("dan", 5))
        put(bench.engine, stay("cat", "s2", day=12) | {"subject": {"reference": "Patient/eve"}})
        store_of(bench.engine).run(lambda unit: unit.delete([("Patient", "fay")]))
        bench.run(rules=LATE, encoder=LengthEncoder)
        yield bench


@pytest.fixture(scope="module")
def scratch(steps: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run from scratch over the same store."""
    home = tmp_path_factory.mktemp("scratch")
    steps.run(home, rules=LATE, encoder=LengthEncoder)
    return home


@pytest.mark.parametrize("table", TABLES)
def test_running_in_steps_equals_running_from_scratch(
    steps: Bench, scratch: Path, table: str
) -> None:
    assert repr(steps.rows(table)) == repr(steps.rows(table, scratch))


def test_both_ways_count_the_same(steps: Bench, scratch: Path) -> None:
    in_steps, at_once = read_manifest(steps.home), read_manifest(scratch)

    assert (in_steps.mode, at_once.mode) == ("incremental", "full")
    assert in_steps.counts == at_once.counts
    assert in_steps.excluded == at_once.excluded


def test_labels_ripen_though_the_patient_was_not_touched(steps: Bench) -> None:
    labels = {row["encounter_id"]: row["label"] for row in steps.rows("labels")}

    assert (labels["ann-s1"], labels["ann-s2"], labels["old-s1"]) == (True, False, False)


def test_a_resource_that_changes_hands_leaves_its_first_patient(steps: Bench) -> None:
    owners = {row["encounter_id"]: row["patient_id"] for row in steps.rows("labels")}

    assert (owners["cat-s1"], owners["cat-s2"]) == ("cat", "eve")


def test_a_patient_of_whom_nothing_is_left_has_no_online_row(steps: Bench) -> None:
    assert load_patient(steps.engine, SITE, "fay") is None
    assert load_patient(steps.engine, SITE, "old") is not None
    assert "fay" not in {row["patient_id"] for row in steps.rows("events")}


def test_nothing_new_leaves_the_snapshot_as_it_is(steps: Bench) -> None:
    before = read_manifest(steps.home)

    assert steps.run(rules=LATE, encoder=LengthEncoder) == before
