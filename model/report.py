"""A training run in words: one table of every model on the same patients, and what it means."""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from model.intervals import Estimate, Judged

NAMES = {
    "network": "Homeward network",
    "lightgbm": "LightGBM",
    "logistic_regression": "Logistic regression",
    "lace": "LACE, recalibrated",
    "base_rate": "Base rate",
}
COLUMNS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier",
    "log_loss": "Log loss",
    "ece": "ECE",
    "slope": "Slope",
    "sensitivity_at_10": "Sensitivity, top 10 %",
}
ORIGIN = (
    "Snapshot `{snapshot}`, note encoder `{read_by}`, {members} network(s)."
    " Parts are split by patient."
)
READING = (
    "Intervals: 95 %, bootstrap over patients. Calibration was fitted on the validation part."
    " Answering “no” for everybody would be right in {always_no:.1%} of these discharges,"
    " which is why accuracy is not in the table."
)
CARD = Path(__file__).with_name("CARD.md")


def table(judged: Judged) -> str:
    """Every model and metric with its interval, as a Markdown table."""
    lines = [_line(["Model", *COLUMNS.values()]), _line(["---"] * (1 + len(COLUMNS)))]
    for model, metrics in judged.metrics.items():
        cells = [metrics[column].text() for column in COLUMNS]
        lines.append(_line([NAMES.get(model, model), *cells]))
    return "\n".join(lines)


def differences(judged: Judged) -> str:
    """How the network differs from each other model on the same draws of patients."""
    shown = ("auroc", "auprc", "log_loss", "sensitivity_at_10")
    lines = [_line(["Against", *(COLUMNS[c] for c in shown)]), _line(["---"] * (1 + len(shown)))]
    for other, metrics in judged.differences.items():
        cells = [_signed(metrics[column]) for column in shown]
        lines.append(_line([NAMES.get(other, other), *cells]))
    return "\n".join(lines)


def report(judged: Judged, facts: Mapping[str, Any]) -> str:
    """The report of one training run.

    Args:
        judged: Metrics of all models on the test part.
        facts: `rows`, `events` and `patients` by part; `encoder`; `snapshot`; `members`.
    """
    test = facts["parts"]["test"]
    always_no = 1 - test["events"] / test["rows"]
    return "\n".join(
        [
            "# Readmission within 30 days: training report",
            "",
            ORIGIN.format(**facts, read_by=facts["encoder"] or "none"),
            "",
            parts_table(facts["parts"]),
            "",
            "## On patients held out",
            "",
            table(judged),
            "",
            READING.format(always_no=always_no),
            "",
            "## Differences, network minus the other (paired)",
            "",
            differences(judged),
            "",
        ]
    )


def parts_table(parts: Mapping[str, Mapping[str, int]]) -> str:
    """Patients, discharges and readmissions of each part."""
    lines = [_line(["Part", "Patients", "Discharges", "Readmissions", "Share"]), _line(["---"] * 5)]
    for part, counts in parts.items():
        share = f"{counts['events'] / counts['rows']:.1%}"
        numbers = [counts["patients"], counts["rows"], counts["events"]]
        lines.append(_line([part, *map(str, numbers), share]))
    return "\n".join(lines)


def card(judged: Judged, facts: Mapping[str, Any]) -> str:
    """The model card: `CARD.md` with what this run measured."""
    ours = judged.metrics["network"]
    figures = {name: ours[name].text() for name in COLUMNS}
    return Template(CARD.read_text("utf-8")).substitute(
        figures,
        snapshot=facts["snapshot"],
        label_spec=facts["label_spec"],
        encoder=facts["encoder"] or "none",
        parts=parts_table(facts["parts"]),
        comparison=table(judged),
    )


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.4f} [{estimate.low:+.4f}, {estimate.high:+.4f}]"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
