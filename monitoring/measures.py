"""How good probabilities were: discrimination, calibration, and intervals by patient.

Every measure takes `labels` (0 or 1), `probabilities` (0 to 1) and `weights` (>= 0), each of
shape (stay,), and gives NaN where it has no meaning, such as an AUROC without events. Weights are
how often a stay was drawn by the bootstrap; all one for the estimate itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats, Floats], float]

TOP_SHARE = 0.10
SMALLEST = 1e-6  # probabilities are kept this far from 0 and 1 before the logit
NEWTON_STEPS = 50
CONVERGED = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def auroc(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Chance that a stay with the event was ranked above one without; ties count half."""
    events, others = _by_rank(labels, probabilities, weights)
    pairs = events.sum() * others.sum()
    if pairs == 0:
        return float("nan")
    below = np.cumsum(others) - others
    return float((events * (below + others / 2)).sum() / pairs)


def brier(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Mean squared distance of probability and outcome; smaller is better."""
    total = weights.sum()
    squared = (probabilities - labels) ** 2
    return float((weights * squared).sum() / total) if total else float("nan")


def observed_expected(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Events seen for each event predicted; above 1, the risk was underestimated."""
    expected = (weights * probabilities).sum()
    return float((weights * labels).sum() / expected) if expected else float("nan")


def sensitivity_at_top(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Share of the events among the tenth of stays with the highest risk.

    Stays of equal risk at the edge of the tenth count in proportion, so that the answer does not
    depend on their order.
    """
    events, others = (each[::-1] for each in _by_rank(labels, probabilities, weights))
    sizes = events + others
    if events.sum() == 0:
        return float("nan")
    room = TOP_SHARE * sizes.sum() - (np.cumsum(sizes) - sizes)
    taken = np.clip(room / np.maximum(sizes, SMALLEST), 0.0, 1.0)
    return float((events * taken).sum() / events.sum())


def calibration_slope(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Slope of outcome on the logit of the probability; below 1, risks were too extreme.

    Van Calster et al. 2016, doi 10.1016/j.jclinepi.2015.12.005.
    """
    design = np.column_stack([np.ones_like(probabilities), _logit(probabilities)])
    return float(_logistic(design, labels, weights, np.zeros_like(labels))[1])


def calibration_intercept(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Calibration in the large, log-odds: 0 is right, above 0 the risk was underestimated."""
    design = np.ones((len(labels), 1))
    return float(_logistic(design, labels, weights, _logit(probabilities))[0])


MEASURES: dict[str, Measure] = {
    "auroc": auroc,
    "brier": brier,
    "observed_expected": observed_expected,
    "calibration_intercept": calibration_intercept,
    "calibration_slope": calibration_slope,
    "sensitivity_top_10_percent": sensitivity_at_top,
}


def estimates(
    labels: Floats,
    probabilities: Floats,
    patients: NDArray[np.int64],
    *,
    seed: int,
    resamples: int,
) -> dict[str, Estimate | None]:
    """Each of `MEASURES` with its interval from drawing patients, not stays, with replacement.

    Args:
        labels: 0 or 1, (stay,).
        probabilities: 0 to 1, (stay,).
        patients: 0, 1, 2 … for the patient of each stay, (stay,).
        seed: Same seed, same interval.
        resamples: Draws of the bootstrap.

    Returns:
        None where the figure, or its interval in half of the draws, does not exist.
    """
    generator = np.random.default_rng(seed)
    count = int(patients.max()) + 1
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    weights = [draw[patients].astype(np.float64) for draw in drawn]
    return {
        name: _estimate(measure, labels, probabilities, weights)
        for name, measure in MEASURES.items()
    }


def _estimate(
    measure: Measure, labels: Floats, probabilities: Floats, draws: list[Floats]
) -> Estimate | None:
    value = measure(labels, probabilities, np.ones_like(labels))
    values = np.array([measure(labels, probabilities, weights) for weights in draws])
    known = values[np.isfinite(values)]
    if not np.isfinite(value) or 2 * len(known) < len(draws):
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _by_rank(labels: Floats, probabilities: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of stays with and without the event at each distinct probability, lowest first."""
    _, rank = np.unique(probabilities, return_inverse=True)
    events = np.bincount(rank, weights * labels).astype(np.float64)
    return events, np.bincount(rank, weights * (1 - labels)).astype(np.float64)


def _logit(probabilities: Floats) -> Floats:
    inside = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def _logistic(design: Floats, labels: Floats, weights: Floats, offset: Floats) -> Floats:
    """Maximum-likelihood coefficients by Newton's method; NaN where they do not exist."""
    coefficients = np.zeros(design.shape[1])
    missing = np.full(design.shape[1], np.nan)
    for _ in range(NEWTON_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ coefficients + offset, -30, 30)))
        curvature = (design.T * (weights * fitted * (1 - fitted))) @ design
        if np.linalg.cond(curvature) > 1 / CONVERGED:
            return missing
        step = np.linalg.solve(curvature, design.T @ (weights * (labels - fitted)))
        coefficients = coefficients + step
        if np.abs(step).max() < CONVERGED:
            return coefficients
    return missing
