"""The known risk: rates, discrimination, calibration, and effects as the truth file tells them."""

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from homeward.simulation.measures import MEASURES

Json = dict[str, Any]


@pytest.fixture(scope="session")
def index(large: Any) -> list[Json]:
    """The eligible index discharges of the large hospital."""
    return [row for row in large.truth if row["index"]]


def column(rows: list[Json], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows])


def share(rows: list[Json], event: str) -> float:
    return float(np.mean([row["event"] == event for row in rows]))


def test_about_fifteen_in_a_hundred_come_back_unplanned(index: list[Json]) -> None:
    assert len(index) > 2000
    assert 0.12 <= share(index, "unplanned") <= 0.18


def test_about_two_in_a_hundred_come_back_as_planned(index: list[Json]) -> None:
    assert 0.012 <= share(index, "planned") <= 0.032


def test_some_die_at_home_within_thirty_days(index: list[Json]) -> None:
    assert 0.005 <= share(index, "death") <= 0.03


def test_the_true_risk_tells_readmissions_apart(index: list[Json]) -> None:
    unplanned = column(index, "event") == "unplanned"

    assert 0.765 <= roc_auc_score(unplanned, column(index, "probability")) <= 0.835


def test_coded_elements_alone_tell_them_apart_less_well(index: list[Json]) -> None:
    unplanned = column(index, "event") == "unplanned"
    coded = roc_auc_score(unplanned, column(index, "structured_logit"))

    assert 0.68 <= coded <= 0.76
    assert coded + 0.04 < roc_auc_score(unplanned, column(index, "probability"))


def test_the_true_risk_is_calibrated(index: list[Json]) -> None:
    risk = column(index, "probability")
    order = np.argsort(risk)
    for tenth in np.array_split(order, 5):
        observed = np.mean([index[i]["event"] == "unplanned" for i in tenth])
        error = math.sqrt(risk[tenth].mean() * (1 - risk[tenth].mean()) / len(tenth))
        assert abs(observed - risk[tenth].mean()) < 4 * error


def test_measures_move_the_odds_by_exactly_their_ratios(index: list[Json]) -> None:
    for row in index:
        ratios = [m["odds_ratio"] for m in row["measures"].values() if m["ordered"]]
        treated, untreated = (
            p / (1 - p) for p in (row["probability"], row["probability_untreated"])
        )
        assert treated / untreated == pytest.approx(math.prod(ratios))


@pytest.mark.parametrize("name", list(MEASURES))
def test_measures_are_ordered_as_often_as_their_propensity_says(
    index: list[Json], name: str
) -> None:
    chances = np.array([row["measures"][name]["propensity"] for row in index])
    ordered = np.array([row["measures"][name]["ordered"] for row in index])

    error = math.sqrt((chances * (1 - chances)).sum()) / len(index)
    assert abs(ordered.mean() - chances.mean()) < 4 * error


def test_no_measure_is_done_after_the_patient_is_back(index: list[Json], large: Any) -> None:
    began = {row["encounter"]: row["admitted_at"] for row in large.truth}
    for row in index:
        if row["readmission"] in began:
            done = [m["done_at"] for m in row["measures"].values() if m["done_at"]]
            assert all(moment < began[row["readmission"]] for moment in done)


def test_every_measure_is_both_done_and_prevented(index: list[Json]) -> None:
    for name in MEASURES:
        ordered = [row["measures"][name] for row in index if row["measures"][name]["ordered"]]
        assert {measure["done_at"] is None for measure in ordered} == {True, False}


def test_every_exclusion_of_the_label_is_exercised(large: Any) -> None:
    reasons = {row["excluded"] for row in large.truth}

    assert reasons == {
        None, "died", "against_advice", "hospice", "transferred_out", "minor", "cancer",
        "psychiatric",
    }  # fmt: skip


def test_some_episodes_are_joined_stays(large: Any) -> None:
    assert sum(len(row["stays"]) == 2 for row in large.truth) > 30


def test_some_come_back_on_the_day_they_left(large: Any) -> None:
    assert 0 in {row["event_day"] for row in large.truth}


def test_patients_are_of_all_ages(large: Any) -> None:
    years = [int(p["birthDate"][:4]) for p in large.everything("Patient")]
    ages = 2026 - np.array(years)

    assert np.mean(ages < 18) > 0.02
    assert np.mean(ages >= 91) > 0.02
    assert 55 < np.median(ages) < 75


def test_a_patient_has_sixty_to_a_hundred_resources(large: Any) -> None:
    total = sum(len(bundle["entry"]) for bundle in large.histories.values())

    assert 60 <= total / len(large.histories) <= 100


def test_about_forty_discharges_are_called(large: Any) -> None:
    assert 20 <= len(large.discharges) <= 90
