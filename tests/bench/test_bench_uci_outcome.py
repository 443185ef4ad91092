"""What the benchmark leaves behind for people and for programs."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bench.machine import this_machine
from bench.uci.__main__ import main, read_parts
from bench.uci.outcome import interval, judged, write_predictions, write_report
from bench.uci.rows import UnusableFile
from bench.uci.run import described
from tests.support.uci import uci_row, uci_stay, write_uci

STAYS = [
    uci_stay(30, 1, "<30"),
    uci_stay(10, 2, "NO"),
    uci_stay(20, 3, "NO", discharge_disposition_id="11"),
]
RISKS = {30: 0.5, 10: 0.1}
FIGURE = {"value": 0.7, "low": 0.6, "high": None}
FIGURES = dict.fromkeys(("auroc", "auprc", "brier", "ece", "sensitivity_at_10"), FIGURE)
REPORT: dict[str, Any] = {
    "test": {"rows": 3, "stays": 2, "patients": 2, "readmitted": 1},
    "labels": {"scored": 2, "readmitted": 1, "excluded": {"hospice": 4}, "beyond_the_file": 1},
    "resources": {"Patient": 3},
    "metrics": {"lightgbm": FIGURES, "network": FIGURES},
    "differences": {"lightgbm": FIGURES},
    "seconds": {"ingest": 1.5},
}


def test_predictions_carry_the_numbers_of_the_file_and_leave_deaths_out(tmp_path: Path) -> None:
    path = write_predictions(tmp_path / "predictions.csv", STAYS, RISKS)
    with path.open() as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]

    assert rows == [("10", "0", "0.1"), ("30", "1", "0.5")]


def test_a_scored_stay_without_a_probability_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_predictions(tmp_path / "predictions.csv", STAYS, {10: 0.1})


def test_figures_are_measured_again_from_the_predictions() -> None:
    assert judged(STAYS, RISKS, draws=5)["auroc"].value == 1
    assert judged(STAYS, {30: 0.1, 10: 0.5}, draws=5)["auroc"].value == 0


def test_the_report_shows_ours_first_and_says_what_was_left_out(tmp_path: Path) -> None:
    text = write_report(tmp_path, REPORT, this_machine())

    assert text.index("| ours") < text.index("| LightGBM")
    assert "4 hospice" in text
    assert "2 stays of 2 test patients, 1 readmitted (50.0%)" in text
    assert (tmp_path / "report.md").read_text() == text
    assert json.loads((tmp_path / "report.json").read_text())["metrics"] == REPORT["metrics"]


def test_a_figure_without_an_interval_is_shown_with_a_dash() -> None:
    assert interval(FIGURE) == "0.7000 [0.6000, -]"
    assert (
        interval({"value": 0.01, "low": -0.02, "high": 0.03}, "+") == "+0.0100 [-0.0200, +0.0300]"
    )


def test_a_part_is_described_by_what_is_scored() -> None:
    assert described(STAYS) == {"rows": 3, "stays": 2, "patients": 2, "readmitted": 1}


def test_a_patient_in_both_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write_uci(tmp_path / "train.csv.gz", [uci_row(1, 7), uci_row(2, 8)])
    test = write_uci(tmp_path / "test.csv.gz", [uci_row(3, 7)])

    with pytest.raises(UnusableFile, match="1 patients are in both files"):
        read_parts(train, test)
    assert main(["--train", str(train), "--test", str(test), "--out", str(tmp_path)]) == 2
    assert "Split by patient" in capsys.readouterr().err
