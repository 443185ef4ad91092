"""Figures of a model in service, with intervals by patient; the metrics are those of training.

Two are asked only of a model in service: how many events there were for each one expected, and
calibration in the large. As in `model.metrics`, each takes labels (0 or 1), probabilities and
weights, all of shape (stay,).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.intervals import Estimate, patient_draws
from model.metrics import Floats, Metric, auroc, brier, logit, sensitivity_at_top, slope

NEWTON_STEPS = 50
CONVERGED = 1e-9


def observed_expected(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Events seen for each event predicted; above 1, the risk was underestimated."""
    return float((weights * labels).sum() / (weights * probabilities).sum())


def calibration_intercept(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Log-odds to add to every prediction so that as many events are expected as were seen.

    0 is right; above 0, the risk was underestimated. Van Calster et al. 2016,
    doi 10.1016/j.jclinepi.2015.12.005.
    """
    logits = logit(probabilities)
    intercept = 0.0
    for _ in range(NEWTON_STEPS):
        given = 1 / (1 + np.exp(-(logits + intercept)))
        step = (weights * (labels - given)).sum() / (weights * given * (1 - given)).sum()
        intercept += float(np.clip(step, -2.0, 2.0))
        if abs(step) < CONVERGED:
            break
    return intercept


MEASURES: dict[str, Metric] = {
    "auroc": auroc,
    "brier": brier,
    "observed_expected": observed_expected,
    "calibration_intercept": calibration_intercept,
    "calibration_slope": slope,
    "sensitivity_top_10_percent": sensitivity_at_top,
}


def estimates(
    labels: Floats, probabilities: Floats, patients: NDArray[Any], *, seed: int, resamples: int
) -> dict[str, Estimate]:
    """Each of `MEASURES` with its 95 % interval.

    Args:
        labels: 0 or 1, (stay,); both must occur.
        probabilities: 0 to 1, (stay,).
        patients: Whose stay it is, (stay,); patients are redrawn, not stays.
        seed: Same seed, same interval.
        resamples: Draws of the bootstrap; those without an event, or with nothing else, tell
            nothing and fall away.
    """
    draws = patient_draws(patients, resamples, seed)
    draws = draws[(draws @ labels > 0) & (draws @ (1 - labels) > 0)]
    return {
        name: _estimate(measure, labels, probabilities, draws) for name, measure in MEASURES.items()
    }


def _estimate(
    measure: Metric, labels: Floats, probabilities: Floats, draws: NDArray[np.float64]
) -> Estimate:
    value = measure(labels, probabilities, np.ones_like(labels))
    redrawn = [measure(labels, probabilities, weights) for weights in draws]
    low, high = np.nanquantile(redrawn, [0.025, 0.975])
    return Estimate(value, float(low), float(high))
