"""What the benchmark leaves behind: predictions.csv, report.json and report.md."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import Machine
from bench.report import table
from bench.uci.rows import Stay
from model.intervals import Estimate, judge

METRICS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier",
    "ece": "ECE",
    "sensitivity_at_10": "sensitivity at top 10 %",
}
METHODS = {
    "network": "ours",
    "lightgbm": "LightGBM",
    "logistic_regression": "logistic regression",
    "lace": "LACE",
    "base_rate": "base rate",
}


def write_predictions(
    path: Path, stays: Sequence[Stay], probabilities: Mapping[int, float]
) -> Path:
    """`encounter_id,label,probability` for each scored stay, by the number of the file.

    Raises:
        KeyError: A scored stay has no probability.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("encounter_id", "label", "probability"))
        for stay in sorted(stays, key=lambda stay: stay.encounter_id):
            if stay.is_scored:
                number = stay.encounter_id
                writer.writerow((number, int(stay.is_readmitted), repr(probabilities[number])))
    return path


def judged(
    stays: Sequence[Stay], probabilities: Mapping[int, float], draws: int
) -> dict[str, Estimate]:
    """Our figures, measured again from what stands in predictions.csv."""
    scored = [stay for stay in stays if stay.is_scored]
    labels = np.array([float(stay.is_readmitted) for stay in scored])
    ours = np.array([probabilities[stay.encounter_id] for stay in scored])
    patients = np.array([stay.patient_nbr for stay in scored])
    return judge(labels, {"network": ours}, patients, draws).metrics["network"]


def report_text(report: Mapping[str, Any], machine: Machine) -> str:
    """The report for a person."""
    stages = [{"stage": name, "seconds": spent} for name, spent in report["seconds"].items()]
    parts = [
        "# Readmission within 30 days on the UCI hospital stays",
        test_words(report["test"]),
        table(metric_rows(report["metrics"])),
        "Ours less the other, paired:",
        table(difference_rows(report["differences"])),
        label_words(report["labels"]),
        table(stages),
        f"{sum(report['resources'].values()):,} resources. {machine.line()}",
    ]
    return "\n\n".join(parts) + "\n"


def test_words(test: Mapping[str, int]) -> str:
    """On whom the figures were measured."""
    return (
        f"{test['stays']:,} stays of {test['patients']:,} test patients, {test['readmitted']:,} "
        f"readmitted ({test['readmitted'] / test['stays']:.1%}). 95 % intervals by redrawing "
        "patients; every method saw the same training stays."
    )


def label_words(labels: Mapping[str, Any]) -> str:
    """That the labels agree, and who is left out."""
    excluded = ", ".join(f"{count:,} {reason}" for reason, count in labels["excluded"].items())
    return (
        f"Labels: computed for {labels['scored']:,} stays and equal to the published one for every "
        f"one of them ({labels['readmitted']:,} readmitted). Not scored: {excluded or 'nobody'}. "
        f"{labels['beyond_the_file']:,} readmissions lie beyond the file."
    )


def metric_rows(metrics: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """One line for each method, in the order of `METHODS`."""
    return [
        {"method": METHODS.get(method, method)}
        | {title: interval(figures[name]) for name, title in METRICS.items()}
        for method, figures in sorted(metrics.items(), key=_place)
    ]


def difference_rows(differences: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """One line for each other method."""
    return [
        {"against": METHODS.get(method, method)}
        | {title: interval(figures[name], sign="+") for name, title in METRICS.items()}
        for method, figures in sorted(differences.items(), key=_place)
    ]


def interval(figure: Mapping[str, float | None], sign: str = "") -> str:
    """A figure with its interval; a dash where there is none."""
    numbers = [figure[part] for part in ("value", "low", "high")]
    value, low, high = ("-" if n is None else f"{n:{sign}.4f}" for n in numbers)
    return f"{value} [{low}, {high}]"


def write_report(folder: Path, report: Mapping[str, Any], machine: Machine) -> str:
    """Write both files and give the text."""
    whole = json.dumps(dict(report) | {"machine": machine.as_json()}, indent=2)
    (folder / "report.json").write_text(whole + "\n", encoding="utf-8")
    text = report_text(report, machine)
    (folder / "report.md").write_text(text, encoding="utf-8")
    return text


def _place(entry: tuple[str, Any]) -> int:
    known = list(METHODS)
    return known.index(entry[0]) if entry[0] in known else len(known)
