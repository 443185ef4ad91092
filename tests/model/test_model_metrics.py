"""Metrics: equal to scikit-learn's, and weights count as repeated rows do."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from model.calibrate import fit_calibration
from model.intervals import judge, patient_draws
from model.metrics import (
    METRICS,
    auprc,
    auroc,
    brier,
    ece,
    log_loss,
    logit,
    sensitivity_at_top,
    slope,
)

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def drawn(draw: np.random.Generator, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    given_ = np.round(draw.uniform(0.01, 0.99, rows), 2)  # rounding makes ties
    labels = (draw.random(rows) < given_).astype(float)
    labels[:2] = [0.0, 1.0]
    return labels, given_


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (auroc, reference.roc_auc_score),
        (auprc, reference.average_precision_score),
        (brier, reference.brier_score_loss),
        (log_loss, reference.log_loss),
    ],
)
@settings(max_examples=30, deadline=None)
@given(draw=draws)
def test_metrics_equal_those_of_scikit_learn(
    ours: Callable[..., float], theirs: Callable[..., float], draw: np.random.Generator
) -> None:
    labels, given_ = drawn(draw)

    assert ours(labels, given_, np.ones(len(labels))) == pytest.approx(theirs(labels, given_))


@pytest.mark.parametrize("name", sorted(METRICS.keys() - {"ece"}))
@settings(max_examples=20, deadline=None)
@given(draw=draws)
def test_a_weight_of_two_is_the_same_row_twice(name: str, draw: np.random.Generator) -> None:
    labels, given_ = drawn(draw)
    weights = draw.integers(1, 4, len(labels))

    weighted = METRICS[name](labels, given_, weights.astype(float))
    repeated = METRICS[name](
        np.repeat(labels, weights), np.repeat(given_, weights), np.ones(weights.sum())
    )

    assert weighted == pytest.approx(repeated, abs=1e-6)


def test_probabilities_that_hold_have_slope_one_and_little_error() -> None:
    draw = np.random.default_rng(0)
    given_ = draw.uniform(0.02, 0.6, 50_000)
    labels = (draw.random(50_000) < given_).astype(float)
    once = np.ones_like(labels)

    assert slope(labels, given_, once) == pytest.approx(1.0, abs=0.05)
    assert ece(labels, given_, once) < 0.01


def test_a_constant_answer_finds_a_tenth_and_has_no_slope() -> None:
    labels, once = np.array([1.0, 0.0] * 50), np.ones(100)
    same = np.full(100, 0.5)

    assert sensitivity_at_top(labels, same, once) == pytest.approx(0.1)
    assert auroc(labels, same, once) == pytest.approx(0.5)
    assert np.isnan(slope(labels, same, once))


def test_recalibration_undoes_a_stretch_of_the_log_odds() -> None:
    draw = np.random.default_rng(0)
    true = draw.normal(-2.0, 1.0, 40_000)
    labels = (draw.random(40_000) < 1 / (1 + np.exp(-true))).astype(float)

    fitted = fit_calibration(labels, 2.0 * true + 1.0, 0.1)

    assert (fitted.slope, fitted.intercept) == pytest.approx((0.5, -0.5), abs=0.05)


def test_few_rows_leave_the_network_nearly_as_it_is() -> None:
    fitted = fit_calibration(np.array([1.0, 0.0]), np.array([-3.0, 3.0]), 0.5)

    assert fitted.slope > 0


def test_rows_of_one_patient_are_drawn_together() -> None:
    weights = patient_draws(np.array(["a", "a", "b"]), 50, seed=0)

    assert (weights[:, 0] == weights[:, 1]).all()
    assert weights.sum(axis=1).min() >= 2


def test_an_interval_holds_its_figure_and_a_difference_from_itself_is_nothing() -> None:
    labels, given_ = drawn(np.random.default_rng(3), 400)
    judged = judge(labels, {"ours": given_, "same": given_}, np.arange(400), draws=100)

    ours = judged.metrics["ours"]["auroc"]

    assert ours.low < ours.value < ours.high
    assert judged.differences["same"]["auroc"].as_json() == {"value": 0, "low": 0, "high": 0}


def test_log_odds_of_certainty_are_finite() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
