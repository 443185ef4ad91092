"""Figures of a model in service: right on cases one can work out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.measures import MEASURES, calibration_intercept, estimates, observed_expected

PROBABILITIES = np.array([0.1, 0.2, 0.3, 0.4])
LABELS = np.array([0.0, 0.0, 1.0, 1.0])
ONCE = np.ones(4)


def logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def drawn(stays: int, shift: float = 0.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes of risks that are too low by `shift` log-odds, and the risks."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1.5, 1.0, stays)
    labels = (generator.random(stays) < logistic(logits + shift)).astype(float)
    return labels, logistic(logits)


def test_two_events_where_one_was_expected_give_two() -> None:
    assert observed_expected(LABELS, PROBABILITIES, ONCE) == pytest.approx(2.0)


def test_the_intercept_makes_expected_equal_to_observed() -> None:
    labels, probabilities = drawn(500)

    added = calibration_intercept(labels, probabilities, np.ones(500))

    logits = np.log(probabilities / (1 - probabilities))
    assert logistic(logits + added).sum() == pytest.approx(labels.sum())


@pytest.mark.parametrize("shift", [-0.7, 0.0, 0.7])
def test_the_intercept_finds_a_shift_in_risk(shift: float) -> None:
    labels, probabilities = drawn(20_000, shift)

    found = calibration_intercept(labels, probabilities, np.ones(20_000))

    assert found == pytest.approx(shift, abs=0.1)


def test_every_interval_holds_its_estimate() -> None:
    labels, probabilities = drawn(400)

    found = estimates(labels, probabilities, np.arange(400), seed=3, resamples=200)

    assert set(found) == set(MEASURES)
    assert all(each.low <= each.value <= each.high for each in found.values())


def test_the_same_seed_gives_the_same_interval() -> None:
    labels, probabilities = drawn(200)

    once, again = (
        estimates(labels, probabilities, np.arange(200), seed=5, resamples=50) for _ in range(2)
    )

    assert once == again


def test_many_stays_of_few_patients_widen_the_interval() -> None:
    labels, probabilities = drawn(40)
    repeated = np.tile(labels, 10), np.tile(probabilities, 10)

    def width(patients: np.ndarray) -> float:
        found = estimates(*repeated, patients, seed=2, resamples=300)["auroc"]
        return found.high - found.low

    assert width(np.tile(np.arange(40), 10)) > 2 * width(np.arange(400))


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_no_measure_depends_on_the_order_of_stays(order: list[int]) -> None:
    labels, probabilities = drawn(12, seed=4)
    labels[0], labels[1] = 1.0, 0.0
    probabilities = probabilities.round(1)  # with ties

    for measure in MEASURES.values():
        expected = measure(labels, probabilities, np.ones(12))
        assert measure(labels[order], probabilities[order], np.ones(12)) == pytest.approx(
            expected, nan_ok=True
        )
