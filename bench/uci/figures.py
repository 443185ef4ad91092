"""How good the probabilities of the test part are, each figure with an interval by patient.

AUROC, Brier score and sensitivity are the ones the running server is watched by
(`monitoring.measures`); average precision, calibration error and log loss are added here. All
methods are measured on the same draws of patients, so that their differences are paired.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from monitoring.measures import Estimate, Measure, auroc, brier, sensitivity_at_top

Floats = NDArray[np.float64]

ECE_BINS = 15
SMALLEST = 1e-12
LOW, HIGH = 0.025, 0.975


def average_precision(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Area under precision and recall, as the mean precision at each event; ties in one step."""
    events, others = _descending(labels, probabilities, weights)
    found, flagged = np.cumsum(events), np.cumsum(events + others)
    if not events.sum():
        return float("nan")
    return float((events * found / np.maximum(flagged, SMALLEST)).sum() / events.sum())


def calibration_error(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Mean distance of predicted and observed share over 15 bins of equal mass (ECE)."""
    values, rank = np.unique(probabilities, return_inverse=True)
    mass = np.bincount(rank, weights)
    events = np.bincount(rank, weights * labels)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    place = np.minimum((middle * ECE_BINS).astype(int), ECE_BINS - 1)
    distance = np.bincount(place, events - mass * values, minlength=ECE_BINS)
    return float(np.abs(distance).sum() / mass.sum())


def log_loss(labels: Floats, probabilities: Floats, weights: Floats) -> float:
    """Mean surprise, in nats; smaller is better."""
    inside = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    surprise = -(labels * np.log(inside) + (1 - labels) * np.log1p(-inside))
    return float((weights * surprise).sum() / weights.sum())


MEASURES: Mapping[str, Measure] = {
    "AUROC": auroc,
    "AUPRC": average_precision,
    "Brier": brier,
    "ECE": calibration_error,
    "log loss": log_loss,
    "sensitivity at top 10 %": sensitivity_at_top,
}


def estimates(
    labels: Floats, methods: Mapping[str, Floats], patients: NDArray[np.int64], *, resamples: int
) -> dict[str, dict[str, Estimate]]:
    """Every measure of every method with its 95 % interval.

    Args:
        labels: 0 or 1, (stay,).
        methods: Name to probabilities, each (stay,).
        patients: Any number for the patient of each stay, (stay,).
        resamples: Draws of patients with replacement.
    """
    draws = list(patient_draws(patients, resamples))
    return {
        name: {
            measure: _estimate(function, labels, probabilities, draws)
            for measure, function in MEASURES.items()
        }
        for name, probabilities in methods.items()
    }


def differences(
    labels: Floats,
    ours: Floats,
    methods: Mapping[str, Floats],
    patients: NDArray[np.int64],
    *,
    resamples: int,
) -> dict[str, Estimate]:
    """AUROC of ours less that of each method, on the same draws; above 0, ours is ahead."""
    draws = list(patient_draws(patients, resamples))
    one = np.ones_like(labels)
    mine = np.array([auroc(labels, ours, weights) for weights in draws])
    found = {}
    for name, theirs in methods.items():
        drawn = mine - np.array([auroc(labels, theirs, weights) for weights in draws])
        value = auroc(labels, ours, one) - auroc(labels, theirs, one)
        found[name] = Estimate(value, *map(float, np.nanquantile(drawn, [LOW, HIGH])))
    return found


def patient_draws(patients: NDArray[np.int64], resamples: int) -> Iterator[Floats]:
    """How often each stay was drawn, when patients are drawn; the same draws at every call."""
    generator = np.random.default_rng(0)
    _, place = np.unique(patients, return_inverse=True)
    count = int(place.max()) + 1
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(count, size=count), minlength=count)
        yield drawn[place].astype(np.float64)


def _estimate(
    measure: Measure, labels: Floats, probabilities: Floats, draws: list[Floats]
) -> Estimate:
    value = measure(labels, probabilities, np.ones_like(labels))
    drawn = np.array([measure(labels, probabilities, weights) for weights in draws])
    return Estimate(value, *map(float, np.nanquantile(drawn, [LOW, HIGH])))


def _descending(labels: Floats, probabilities: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of stays with and without the event at each distinct probability, highest first."""
    _, rank = np.unique(-probabilities, return_inverse=True)
    events = np.bincount(rank, weights * labels).astype(np.float64)
    return events, np.bincount(rank, weights * (1 - labels)).astype(np.float64)
