"""The figures agree with scikit-learn and behave at their edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from sklearn.metrics import log_loss as their_log_loss

from bench.uci.figures import (
    average_precision,
    calibration_error,
    differences,
    estimates,
    log_loss,
    patient_draws,
)

GENERATOR = np.random.default_rng(3)
RISKS = GENERATOR.beta(1, 7, size=2_000)
LABELS = (GENERATOR.random(2_000) < RISKS).astype(float)
PATIENTS = GENERATOR.integers(0, 1_500, size=2_000)
ONES = np.ones_like(LABELS)


@given(decimals=st.integers(1, 4))
def test_average_precision_and_log_loss_are_those_of_scikit_learn(decimals: int) -> None:
    risks = np.clip(RISKS.round(decimals), 0.0001, 0.9999)

    assert average_precision(LABELS, risks, ONES) == pytest.approx(
        average_precision_score(LABELS, risks)
    )
    assert log_loss(LABELS, risks, ONES) == pytest.approx(their_log_loss(LABELS, risks))


def test_true_risks_are_calibrated_and_doubled_ones_are_not() -> None:
    assert calibration_error(LABELS, RISKS, ONES) < 0.02
    assert calibration_error(LABELS, np.minimum(2 * RISKS, 1), ONES) > 0.1


def test_one_risk_for_everybody_errs_by_its_distance_from_the_share() -> None:
    same = np.full_like(LABELS, 0.3)

    assert calibration_error(LABELS, same, ONES) == pytest.approx(abs(0.3 - LABELS.mean()))


def test_a_stay_drawn_twice_weighs_as_much_as_two() -> None:
    twice = np.concatenate([LABELS, LABELS[:500]]), np.concatenate([RISKS, RISKS[:500]])
    weights = ONES + (np.arange(2_000) < 500)

    for measure in (average_precision, calibration_error, log_loss):
        assert measure(LABELS, RISKS, weights) == pytest.approx(
            measure(*twice, np.ones(2_500)), abs=1e-3
        )


def test_all_stays_of_a_patient_are_drawn_together() -> None:
    for weights in patient_draws(PATIENTS, 3):
        assert weights.sum() == pytest.approx(2_000, rel=0.1)
        assert all(np.ptp(weights[patient == PATIENTS]) == 0 for patient in set(PATIENTS[:50]))


def test_an_interval_holds_its_figure() -> None:
    found = estimates(LABELS, {"ours": RISKS}, PATIENTS, resamples=100)["ours"]

    for name in ("AUROC", "AUPRC", "Brier", "log loss", "sensitivity at top 10 %"):
        assert found[name].low < found[name].value < found[name].high


def test_a_better_ranking_is_ahead_of_noise_and_level_with_itself() -> None:
    noise = GENERATOR.random(2_000)
    found = differences(LABELS, RISKS, {"noise": noise, "same": RISKS}, PATIENTS, resamples=100)

    assert found["noise"].low > 0
    assert (found["same"].low, found["same"].value, found["same"].high) == (0, 0, 0)
