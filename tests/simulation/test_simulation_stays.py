"""Stays, episodes and what follows them, patient by patient."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homeward.simulation.chance import stream
from homeward.simulation.clock import at
from homeward.simulation.health import health
from homeward.simulation.hospital import OWN, PRACTICE, SECOND, hospital
from homeward.simulation.lives import Life, live
from homeward.simulation.options import Options
from homeward.simulation.outcomes import exclusion
from homeward.simulation.people import person
from homeward.simulation.reasons import first_reason, planned_reason, reasons, unplanned_reason
from homeward.simulation.stays import Arrival, Patient, episode, interrupted, stay, transferred
from homeward.simulation.visits import random_days, visits_between

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

HOUSE = hospital(1)
UNTIL = date(2026, 6, 30)
MORNING = at(date(2026, 1, 5), 9, 0)
SEEDS = st.integers(0, 100_000)


def a_patient(seed: int, age: int = 75) -> Patient:
    rng = Random(seed)
    return Patient(person(rng, seed, UNTIL), health(rng, age, "female"), HOUSE)


def arriving(reason: str = "pneumonia") -> Arrival:
    return Arrival(MORNING, reasons()[reason], OWN, "emd")


def a_life(seed: int) -> Life:
    span = Options(1, seed, out=None).span  # type: ignore[arg-type] # nothing is written
    return live(stream(seed, 0, "life"), a_patient(seed), span)


@UNHURRIED
@given(SEEDS)
def test_a_stay_lasts_a_night_and_ends_by_day(seed: int) -> None:
    one = stay(Random(seed), a_patient(seed), arriving())

    assert one.ended.date() > one.began.date()
    assert 10 <= one.ended.hour <= 17
    assert 0 <= one.severity <= 1


@UNHURRIED
@given(SEEDS)
def test_everything_of_a_stay_is_taken_within_it(seed: int) -> None:
    one = stay(Random(seed), a_patient(seed), arriving("sepsis"))

    moments = [r.taken_at for r in one.results] + [v.taken_at for v in one.vitals]
    assert all(one.began <= moment <= one.ended for moment in moments)


@UNHURRIED
@given(SEEDS)
def test_a_transfer_goes_on_elsewhere_by_the_next_day(seed: int) -> None:
    patient = a_patient(seed)
    assume(patient.age(arriving().moment) >= 0)  # nobody arrives before they are born
    first, second = transferred(Random(seed), patient, stay(Random(seed), patient, arriving()))

    assert (first.place, second.place) == (OWN, SECOND)
    assert (first.disposition, second.source) == ("transferred", "hosp-trans")
    assert first.ended < second.began
    assert (second.began.date() - first.ended.date()).days in {0, 1}


@UNHURRIED
@given(SEEDS)
def test_an_interrupted_stay_goes_on_the_same_day_for_the_same_reason(seed: int) -> None:
    patient = a_patient(seed)
    first, second = interrupted(Random(seed), patient, stay(Random(seed), patient, arriving()))

    assert first.ended < second.began < first.ended + timedelta(hours=7)
    assert first.ended.date() == second.began.date()
    assert (first.reason, first.place) == (second.reason, second.place)


@UNHURRIED
@given(SEEDS)
def test_joined_stays_share_what_the_notes_may_tell(seed: int) -> None:
    stays = episode(Random(seed), a_patient(seed), arriving())

    assert len({one.factors for one in stays}) == 1


def test_an_arranged_stay_is_never_joined_to_another() -> None:
    for seed in range(200):
        assert len(episode(Random(seed), a_patient(seed), arriving("knee_replacement"))) == 1


@pytest.mark.parametrize(
    ("reason", "disposition", "age", "why"),
    [
        ("pneumonia", "home", 70, None),
        ("pneumonia", "died", 70, "died"),
        ("pneumonia", "transferred", 70, "transferred_out"),
        ("pneumonia", "home", 17, "minor"),
        ("chemotherapy", "home", 70, "cancer"),
        ("psychosis", "home", 70, "psychiatric"),
        ("pneumonia", "hospice", 70, "hospice"),
    ],
)
def test_a_discharge_is_excluded_for_a_named_reason(
    reason: str, disposition: str, age: int, why: str | None
) -> None:
    one = replace(stay(Random(1), a_patient(1), arriving(reason)), disposition=disposition)

    assert exclusion(one, one, age) == why


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_life_is_in_order_and_ends_with_death(seed: int) -> None:
    life = a_life(seed)
    edges = [edge for one in life.stays for edge in (one.began, one.ended)]

    assert edges == sorted(edges)
    assert life.died_at is None or all(edge <= life.died_at for edge in edges)
    assert all(life.entered <= visit.began for visit in life.visits)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_no_visit_overlaps_a_stay(seed: int) -> None:
    life = a_life(seed)
    for visit in life.visits:
        assert not any(s.began <= visit.ended and visit.began <= s.ended for s in life.stays)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_what_comes_next_comes_when_it_was_said_to(seed: int) -> None:
    life = a_life(seed)
    for followed, after in zip(life.followed, life.followed[1:], strict=False):
        days = (after.stays[0].began.date() - followed.last.ended.date()).days
        if followed.event == "none":
            assert days > 32
        else:
            assert days == followed.event_day


def test_a_second_knee_follows_the_first() -> None:
    second = planned_reason(reasons()["knee_replacement"], ())

    assert second.name == "second_knee_replacement"


def test_cancer_brings_planned_chemotherapy() -> None:
    assert planned_reason(reasons()["pneumonia"], ("lung_cancer",)).name == "chemotherapy"


def test_an_unplanned_reason_is_an_emergency() -> None:
    previous = reasons()["hip_replacement"]
    found = [unplanned_reason(Random(s), previous, ("copd",), 70) for s in range(300)]

    assert all(reason.kind == "emergency" for reason in found)


def test_a_small_child_is_not_admitted_with_an_illness_of_age() -> None:
    found = {first_reason(Random(s), (), 3).name for s in range(300)}

    assert "bronchiolitis" in found
    assert not found & {"heart_failure", "stroke", "hip_fracture", "knee_replacement"}


def test_a_disease_makes_its_own_emergency_commoner() -> None:
    def share(present: tuple[str, ...]) -> float:
        names = [first_reason(Random(s), present, 75).name for s in range(400)]
        return names.count("heart_failure") / len(names)

    assert share(("heart_failure",)) > share(()) + 0.1


@UNHURRIED
@given(SEEDS, st.integers(0, 400))
def test_visits_fall_inside_their_gap(seed: int, days: int) -> None:
    end = MORNING + timedelta(days=days)
    for visit in visits_between(Random(seed), a_patient(seed), MORNING, end):
        assert MORNING.date() < visit.began.date() < end.date()
        assert (visit.place == PRACTICE) == (visit.kind == "AMB")


def test_visits_come_as_often_as_their_rate_says() -> None:
    found = sum(len(random_days(Random(seed), 2.0, 365)) for seed in range(400))

    assert 1.8 < found / 400 < 2.2
