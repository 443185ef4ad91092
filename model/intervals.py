"""95 % intervals by redrawing patients: rows of one patient go together.

Percentile bootstrap; differences are paired, that is, both models are judged on the same draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.metrics import METRICS, Floats

LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Plain numbers; None for what cannot be computed."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if np.isnan(number) else number for name, number in numbers.items()}

    def text(self, digits: int = 3) -> str:
        """The figure as a report prints it: `0.693 [0.681, 0.705]`."""
        if np.isnan(self.value):
            return "n/a"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


@dataclass(frozen=True)
class Judged:
    """Every metric of every model, and how the first model differs from the others."""

    metrics: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]


def patient_draws(patients: NDArray[Any], draws: int, seed: int) -> NDArray[np.float64]:
    """Weights of each row in each draw of patients with replacement, (draw, row)."""
    _, of = np.unique(patients.astype(str), return_inverse=True)
    count = int(of.max()) + 1
    generator = np.random.default_rng(seed)
    times = generator.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, of].astype(np.float64)


def judge(
    labels: Floats,
    answers: Mapping[str, Floats],
    patients: NDArray[Any],
    draws: int = 500,
    seed: int = 0,
) -> Judged:
    """All metrics of all models with intervals; the first model is compared with the others.

    Args:
        labels: (n,) 0 or 1.
        answers: Probabilities (n,) by model; the first is ours.
        patients: (n,) who each row belongs to.
        draws: Bootstrap draws.
        seed: Of the draws.
    """
    weights = patient_draws(patients, draws, seed)
    weights = weights[(weights @ labels > 0) & (weights @ (1 - labels) > 0)]
    drawn = {model: _drawn(labels, given, weights) for model, given in answers.items()}
    ours, *others = answers
    return Judged(
        {model: _estimates(*drawn[model]) for model in answers},
        {other: _estimates(*_minus(drawn[ours], drawn[other])) for other in others},
    )


def _drawn(
    labels: Floats, given: Floats, weights: Floats
) -> tuple[dict[str, float], dict[str, Floats]]:
    """Each metric on the data as they are, and on every draw; sorted once, for speed."""
    order = np.argsort(given, kind="stable")
    labels, given, weights = labels[order], given[order], weights[:, order]
    once = np.ones_like(given)
    value = {name: metric(labels, given, once) for name, metric in METRICS.items()}
    draws = {
        name: np.array([metric(labels, given, weight) for weight in weights])
        for name, metric in METRICS.items()
    }
    return value, draws


def _minus(
    ours: tuple[dict[str, float], dict[str, Floats]],
    other: tuple[dict[str, float], dict[str, Floats]],
) -> tuple[dict[str, float], dict[str, Floats]]:
    return (
        {name: ours[0][name] - other[0][name] for name in METRICS},
        {name: ours[1][name] - other[1][name] for name in METRICS},
    )


def _estimates(value: dict[str, float], draws: dict[str, Floats]) -> dict[str, Estimate]:
    return {name: _estimate(value[name], draws[name]) for name in METRICS}


def _estimate(value: float, draws: Floats) -> Estimate:
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [LOW, HIGH])
    return Estimate(value, float(low), float(high))
