"""Pictures of the report, drawn by matplotlib as SVG that stands inside the page."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, OTHERS, GUIDE = "#0b5cad", ("#b3541e", "#5b7f3a", "#7a5195", "#555555"), "#9aa3ad"
SIZE_INCHES = (4.6, 3.6)
BINS = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities and what then happened, for the same patients in the same order."""

    probabilities: Sequence[float]
    labels: Sequence[bool]


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """A patient's risk at one moment."""

    at: datetime
    probability: float
    readmitted: bool | None


def roc(curves: Mapping[str, Scored]) -> str:
    """Receiver operating characteristic, the first curve being ours; SVG."""
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = _axes("Discrimination", "1 - specificity", "sensitivity")
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle=":")
    for (name, scored), colour in zip(curves.items(), (OURS, *OTHERS), strict=False):
        false_positive, true_positive, _ = roc_curve(scored.labels, scored.probabilities)
        area = roc_auc_score(scored.labels, scored.probabilities)
        axes.plot(false_positive, true_positive, color=colour, label=f"{name} ({area:.3f})")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return _svg(figure)


def calibration(scored: Scored) -> str:
    """Share readmitted against mean predicted risk in ten groups of equal size; SVG."""
    order = np.argsort(scored.probabilities, kind="stable")
    predicted = np.asarray(scored.probabilities, float)[order]
    happened = np.asarray(scored.labels, float)[order]
    groups = [group for group in np.array_split(np.arange(len(order)), BINS) if len(group)]
    figure, axes = _axes("Calibration", "predicted risk", "share readmitted")
    top = max(0.05, float(max(predicted[group].mean() for group in groups)) * 1.25)
    axes.plot([0, top], [0, top], color=GUIDE, linewidth=1, linestyle=":")
    means = [predicted[group].mean() for group in groups]
    shares = [happened[group].mean() for group in groups]
    errors = [
        1.96 * np.sqrt(max(share * (1 - share), 1e-9) / len(group))
        for share, group in zip(shares, groups, strict=True)
    ]
    axes.errorbar(means, shares, yerr=errors, fmt="o", color=OURS, markersize=4, capsize=2)
    axes.set_ylim(bottom=0)
    return _svg(figure)


def timeline(points: Sequence[RiskPoint], base_rate: float) -> str:
    """One patient's risk at each discharge, against the site's rate; SVG."""
    figure, axes = _axes("One patient's risk over time", "discharge", "risk of readmission")
    axes.axhline(base_rate, color=GUIDE, linewidth=1, linestyle=":", label="all patients")
    axes.plot(
        dates([p.at for p in points]), [p.probability for p in points], color=OURS, marker="o"
    )
    back = [point for point in points if point.readmitted]
    axes.scatter(dates([p.at for p in back]), [p.probability for p in back], s=90,
                 facecolors="none", edgecolors=OTHERS[0],
                 label="back within 30 days")  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    axes.xaxis_date()
    figure.autofmt_xdate(rotation=30)
    return _svg(figure)


def dates(moments: Sequence[datetime]) -> list[float]:
    """Moments as matplotlib counts them."""
    from matplotlib.dates import date2num

    return [float(date2num(moment)) for moment in moments]  # type: ignore[no-untyped-call]


def _axes(title: str, x: str, y: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: "Figure") -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", drawn.getvalue(), count=1, flags=re.DOTALL)
