"""Snapshots and splits: only mature stays, scales of training, no patient in two parts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.features.catalogue import NAMES
from model.dataset import load, training_batches
from model.errors import BadSnapshot, SchemaMismatch, TooFewRows
from model.snapshot import read_examples
from model.split import part_of, parts_of, split
from tests.support.features import NOTE_WIDTH, drawn_rows, drawn_snapshot, write_table


def test_stays_without_a_mature_label_are_left_out(snapshot: Path) -> None:
    examples = read_examples(snapshot)

    numbers = [int(encounter[1:]) for encounter in examples.encounters]

    assert len(numbers) == 588
    assert not any(number % 50 == 0 for number in numbers)


def test_notes_stand_newest_first_beside_their_patient(snapshot: Path) -> None:
    examples = read_examples(snapshot)
    keys = {row.encounter_id: row.note_keys for row in drawn_rows(600)}
    order = sorted((key, chunk) for of in keys.values() for key in of for chunk in (0, 1))

    for row, encounter in list(enumerate(examples.encounters))[:50]:
        first, last = examples.notes.offsets[row : row + 2]
        found = [order[place] for place in examples.notes.chunks[first:last]]
        assert found == [(key, c) for key in reversed(keys[encounter]) for c in (0, 1)]


def test_a_snapshot_without_notes_has_none(tmp_path: Path) -> None:
    folder = drawn_snapshot(tmp_path, 40)
    (folder / "notes" / "part-0.parquet").unlink()

    assert read_examples(folder).notes.offsets.max() == 0


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = drawn_snapshot(tmp_path, 40)
    (folder / "labels" / "part-0.parquet").unlink()

    with pytest.raises(BadSnapshot, match=r"no labels/\*\.parquet"):
        read_examples(folder)


def test_vocabulary_and_scales_know_the_training_part_alone(snapshot: Path) -> None:
    data = load(snapshot, NAMES, 1)

    training = data.examples.rows.values[data.parts["train"]]

    np.testing.assert_allclose(data.normalisation.median, np.nanmedian(training, axis=0))
    assert data.normalisation.note_mean.shape == (NOTE_WIDTH,)


def test_an_epoch_gives_every_training_row_in_batches_of_one_size(snapshot: Path) -> None:
    data = load(snapshot, NAMES, 1)
    values = data.examples.rows.values[data.parts["train"]].astype("float32")

    batches = list(training_batches(data, 32, np.random.default_rng(0)))

    given_ = {row.tobytes() for inputs, _ in batches for row in inputs["values"]}
    assert given_ == {row.tobytes() for row in values}
    assert {inputs["event_codes"].shape for inputs, _ in batches} == {(32, 16)}


def test_rows_of_another_width_than_the_catalogue_are_refused(snapshot: Path) -> None:
    with pytest.raises(SchemaMismatch, match="160 features"):
        load(snapshot, NAMES[:-1], 1)


def test_no_patient_is_in_two_parts(snapshot: Path) -> None:
    data = load(snapshot, NAMES, 1)
    patients = [set(data.patients(part)) for part in ("train", "valid", "test")]

    assert not any(patients[a] & patients[b] for a, b in ((0, 1), (0, 2), (1, 2)))


@given(st.text(min_size=1))
def test_the_part_of_a_patient_depends_on_the_patient_alone(patient: str) -> None:
    twice = parts_of(np.array([patient, "other", patient], object), None)

    assert twice[0] == twice[2] == part_of(patient)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_given_split_is_followed_and_gets_a_validation_part(tmp_path: Path, suffix: str) -> None:
    table = pa.table(
        {"patient_id": [f"p{i}" for i in range(90)], "split": ["train"] * 60 + ["test"] * 30}
    )
    if suffix == ".parquet":
        write_table(tmp_path, table)
        (tmp_path / "part-0.parquet").rename(tmp_path / "split.parquet")
    else:
        pa.csv.write_csv(table, tmp_path / "split.csv")
    patients = np.array([f"p{i}" for i in range(100)], object)

    parts = parts_of(patients, tmp_path / f"split{suffix}")

    assert set(parts[:60]) == {"train", "valid"}
    assert set(parts[60:90]) == {"test"}
    assert set(parts[90:]) == {""}


def test_a_part_without_readmissions_is_refused_with_its_counts() -> None:
    patients = np.array([f"p{i}" for i in range(100)], object)

    with pytest.raises(TooFewRows, match="0 readmissions"):
        split(patients, np.zeros(100), None)
