"""Reading the UCI file, splitting it by patient, writing it as NDJSON."""

import json
from pathlib import Path

import pytest

from bench.uci.files import write_fhir
from bench.uci.rows import UnusableFile, by_patient, read_stays
from bench.uci.split import is_test_patient, split_file
from tests.support.uci import uci_row, uci_stay, write_uci


def test_a_packed_file_is_read_and_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    rows = [uci_row(5, 1, "<30", diag_3="?", insulin="Up")]
    [stay] = read_stays(write_uci(tmp_path / "a.csv.gz", rows))

    assert (stay.encounter_id, stay.days, stay.is_readmitted) == (5, 3, True)
    assert "diag_3" not in stay.codes
    assert "A1Cresult" not in stay.codes
    assert dict(stay.drugs) == {"insulin": "Up"}


def test_another_file_is_refused_with_the_missing_columns(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("encounter_id,patient_nbr\n1,2\n")

    with pytest.raises(UnusableFile, match=r"other\.csv lacks the columns A1Cresult"):
        read_stays(tmp_path / "other.csv")


def test_an_encounter_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = write_uci(tmp_path / "a.csv.gz", [uci_row(5, 1), uci_row(5, 2)])

    with pytest.raises(UnusableFile, match="encounter_id twice"):
        read_stays(path)


def test_stays_of_a_patient_come_together_and_oldest_first() -> None:
    mixed = [uci_stay(9, 2), uci_stay(3, 1), uci_stay(4, 2)]

    assert [[stay.encounter_id for stay in group] for group in by_patient(mixed)] == [[3], [4, 9]]


@pytest.mark.parametrize(
    ("number", "scored"), [("1", True), ("2", True), ("7", True), ("11", False), ("14", False)]
)
def test_death_and_hospice_are_not_scored(number: str, scored: bool) -> None:
    assert uci_stay(1, 1, discharge_disposition_id=number).is_scored is scored


def test_splitting_keeps_every_row_and_no_patient_on_both_sides(tmp_path: Path) -> None:
    source = write_uci(tmp_path / "all.csv.gz", [uci_row(n, n // 3) for n in range(300)])
    rows = split_file(source, tmp_path)
    train = read_stays(tmp_path / "train.csv.gz")
    test = read_stays(tmp_path / "test.csv.gz")

    assert rows == {"train": len(train), "test": len(test)}
    assert sorted(one.encounter_id for one in train + test) == list(range(300))
    assert not {one.patient_nbr for one in train} & {one.patient_nbr for one in test}
    assert all(is_test_patient(one.patient_nbr) for one in test)


def test_about_one_patient_in_five_is_a_test_patient() -> None:
    assert 0.18 < sum(map(is_test_patient, range(5_000))) / 5_000 < 0.22


def test_resources_are_written_one_a_line_and_counted(tmp_path: Path) -> None:
    written = write_fhir([uci_stay(n, n // 2, "<30") for n in range(10)], tmp_path)
    lines = [json.loads(line) for path in tmp_path.glob("*.ndjson") for line in path.open()]

    assert written["Patient"] == 5
    assert written["Encounter"] == 15
    assert len(lines) == sum(written.values())
