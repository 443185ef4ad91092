"""When a snapshot may be carried on, and the folder a run writes into."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.jobs.failures import AlreadyRunning
from etl.jobs.folder import only_run, unfinished
from etl.jobs.observed import redone, write_observed
from etl.jobs.plan import Basis, may_carry_on, moved_back, rules_as_json, unripe
from etl.rules import SiteRules
from etl.snapshots import SnapshotManifest

JANUARY, MARCH = (datetime(2020, month, 1, tzinfo=UTC) for month in (1, 3))


def basis(rules: SiteRules, site: str = "north", schema_hash: str = "abc") -> Basis:
    return Basis(site, schema_hash, rules_as_json(rules))


def manifest(basis: Basis) -> SnapshotManifest:
    return SnapshotManifest(
        "first", JANUARY, basis.site, "full", 7, basis.schema_hash, "spec", basis.rules, None,
        {}, {},
    )  # fmt: skip


def test_carries_on_when_time_alone_has_passed() -> None:
    before = manifest(basis(SiteRules(observed_until=JANUARY)))

    assert may_carry_on(before, basis(SiteRules(observed_until=MARCH)))


@pytest.mark.parametrize(
    "changed",
    [
        basis(SiteRules(), site="south"),
        basis(SiteRules(), schema_hash="def"),
        basis(SiteRules(minimum_age=65)),
        basis(SiteRules(inpatient_classes=frozenset({"EMER"}))),
        basis(SiteRules(observed_until=JANUARY)),
    ],
)
def test_computes_anew_when_anything_else_has_changed(changed: Basis) -> None:
    assert not may_carry_on(manifest(basis(SiteRules())), changed)


@given(st.none() | st.datetimes(), st.none() | st.datetimes())
def test_an_end_moves_back_or_forward_but_never_both(
    old: datetime | None, new: datetime | None
) -> None:
    texts = [end.isoformat() if end else None for end in (old, new)]

    back, forth = moved_back(texts[0], texts[1]), moved_back(texts[1], texts[0])

    assert (back or forth) == (old != new)
    assert not (back and forth)


def test_patients_with_a_label_that_may_ripen_are_redone(tmp_path: Path) -> None:
    labels = {"patient_id": ["ann", "ann", "bob"], "label": [True, None, False]}
    pq.write_table(pa.table(labels), tmp_path / "part-0.parquet")

    assert unripe(tmp_path) == {"ann"}


def test_only_one_run_at_a_time_holds_a_home(tmp_path: Path) -> None:
    with only_run(tmp_path), pytest.raises(AlreadyRunning), only_run(tmp_path):
        pass

    with only_run(tmp_path):
        pass


def half_a_run(home: Path) -> None:
    with only_run(home), unfinished(home, "x") as made:
        (made / "part").write_text("half")
        raise ZeroDivisionError


def test_a_failed_run_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        half_a_run(tmp_path)

    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [".lock"]


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    left = tmp_path / "snapshots" / ".unfinished-killed"
    left.mkdir(parents=True)

    with only_run(tmp_path), unfinished(tmp_path, "x") as made:
        assert made.stat().st_mode & 0o777 == 0o700

    assert not left.exists()


def test_each_patient_has_an_end_of_observation(tmp_path: Path) -> None:
    ends = {"ann": JANUARY, "bob": None}

    written = write_observed(redone(["ann"], {"bob"}), ends.get, tmp_path / "observed")

    rows = pq.read_table(tmp_path / "observed").to_pylist()
    assert written == 2
    assert {row["patient_id"]: row["observed_until"] for row in rows} == ends
    assert [row["touched"] for row in rows] == [True, False]


@given(st.lists(st.text(), unique=True), st.sets(st.text()))
def test_each_patient_is_redone_once_however_many_reasons(
    touched: list[str], waiting: set[str]
) -> None:
    rows = list(redone(touched, waiting))

    assert [patient for patient, _ in rows] == touched + sorted(waiting - set(touched))
    assert {patient for patient, is_touched in rows if is_touched} == set(touched)
