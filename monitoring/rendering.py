"""The performance report as text for a terminal and as JSON for a program."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from model.intervals import Estimate
from monitoring.performance import Report, VersionReport

TITLES = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "observed_expected": "Observed / expected",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "sensitivity_top_10_percent": "Sensitivity, top 10 %",
}


def as_text(report: Report) -> str:
    """A page a person can read; a figure that rests on too few events says so."""
    lines = [f"Performance at {report.site}"]
    if not report.versions:
        lines.append("No prediction has been made yet.")
    for version in report.versions:
        lines += _version_lines(version, report.minimum_events)
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> str:
    """The same figures; `null` stands for a figure that rests on too few events."""
    return json.dumps(asdict(report), indent=2) + "\n"


def _version_lines(version: VersionReport, minimum: int) -> Iterator[str]:
    yield ""
    yield f"Model {version.model_version}"
    yield f"  {version.predictions} predictions ({_counts(version.arms)}) for {version.stays} stays"
    yield f"  {version.matured} stays matured, {version.events} with an unplanned readmission"
    yield f"  outcomes: {_counts(version.outcomes)}"
    if version.excluded:
        yield f"  excluded: {_counts(version.excluded)}"
    for name, title in TITLES.items():
        yield f"  {title:<24}{_figure(version.measures[name], minimum)}"


def _figure(estimate: Estimate | None, minimum: int) -> str:
    if estimate is None:
        return f"too few (needs {minimum} stays with and {minimum} without the event)"
    return f"{estimate.value:6.3f}  (95 % {estimate.low:.3f} to {estimate.high:.3f})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
