"""How good probabilities are: discrimination, calibration, and use at the top of the list.

Every metric takes labels, probabilities and weights of the same length; a weight says how often
a row counts, which is how the bootstrap over patients redraws them. Accuracy is not among them:
answering "no" for everybody has the highest.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats], float]

BINS = 15  # of equal mass, for the calibration error
TOP = 0.10  # share of discharges a team can call
NEWTON_STEPS = 12
TINY = 1e-7


def auroc(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Chance that a readmitted patient stands above one who was not; ties count half."""
    order = np.argsort(probabilities, kind="stable")
    ranked, positive = probabilities[order], (labels * weights)[order]
    negative = ((1 - labels) * weights)[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ranked) > 0])
    up, down = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    below = np.cumsum(down) - down / 2
    return float((up * below).sum() / (up.sum() * down.sum()))


def auprc(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Average precision: precision at each threshold, weighted by the recall it adds."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    ends = np.flatnonzero(np.r_[np.diff(ranked) < 0, True])
    hits = np.cumsum((labels * weights)[order])[ends]
    flagged = np.cumsum(weights[order])[ends]
    precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def brier(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.average((probabilities - labels) ** 2, weights=weights))


def log_loss(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Mean negative logarithm of the probability given to what happened, in nats."""
    inside = np.clip(probabilities, TINY, 1 - TINY)
    losses = -(labels * np.log(inside) + (1 - labels) * np.log1p(-inside))
    return float(np.average(losses, weights=weights))


def ece(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Expected calibration error over 15 bins of equal mass."""
    order = np.argsort(probabilities, kind="stable")
    mass = np.cumsum(weights[order]) - weights[order] / 2
    bins = np.minimum((mass / weights.sum() * BINS).astype(int), BINS - 1)
    gap = np.bincount(bins, ((labels - probabilities) * weights)[order], minlength=BINS)
    return float(np.abs(gap).sum() / weights.sum())


def slope(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Calibration slope: 1 is right, below 1 the risks are too extreme. Cox 1958.

    NaN where all probabilities are the same.
    """
    logits = logit(probabilities)
    if np.ptp(logits) < TINY:
        return float("nan")
    return float(recalibration(labels, logits, weights)[1])


def sensitivity_at_top(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Share of readmissions among the tenth of discharges with the highest risk.

    A tie at the border counts in part, so a constant answer scores 0.1.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked, mass = probabilities[order], np.cumsum(weights[order])
    border = ranked[np.searchsorted(mass, TOP * mass[-1])]
    above, tied = probabilities > border, probabilities == border
    room = TOP * weights.sum() - weights[above].sum()
    share = room / weights[tied].sum()
    hits = labels * weights
    return float((hits[above].sum() + share * hits[tied].sum()) / hits.sum())


METRICS: dict[str, Metric] = {
    "auroc": auroc,
    "auprc": auprc,
    "brier": brier,
    "log_loss": log_loss,
    "ece": ece,
    "slope": slope,
    "sensitivity_at_10": sensitivity_at_top,
}


def logit(probabilities: Any) -> Floats:
    """Log-odds, finite for 0 and 1."""
    inside = np.clip(np.asarray(probabilities, np.float64), TINY, 1 - TINY)
    return np.log(inside) - np.log1p(-inside)


def recalibration(
    labels: Floats, logits: Floats, weights: Floats, toward: float = 0.0
) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of outcomes on log-odds, by Newton's method.

    Args:
        labels: 0 or 1.
        logits: Log-odds that were given.
        weights: How often each row counts.
        toward: Weight of a penalty on departing from (0, 1), in rows.
    """
    design = np.stack([np.ones_like(logits), logits], axis=1)
    start = np.array([0.0, 1.0])
    found = start.copy()
    for _ in range(NEWTON_STEPS):
        given = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (labels - given)) - toward * (found - start)
        curvature = (design * (weights * given * (1 - given))[:, None]).T @ design
        step = np.linalg.lstsq(curvature + toward * np.eye(2), gradient, rcond=None)[0]
        found = found + np.clip(step, -2.0, 2.0)
    return float(found[0]), float(found[1])
