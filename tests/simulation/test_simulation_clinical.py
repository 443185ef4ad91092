"""Laboratory, clock, risk and measures, each on its own."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.simulation.chance import by_day
from homeward.simulation.clock import age_on, at, offset, stamp
from homeward.simulation.health import health
from homeward.simulation.labs import labs, last_value, stay_results
from homeward.simulation.measures import effects, helps_more
from homeward.simulation.people import an_address, birth_date, person
from homeward.simulation.reasons import reasons
from homeward.simulation.risk import Shown, shown_logit

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

DATES = st.dates(date(2015, 1, 1), date(2040, 12, 31))
WELL = Shown(
    prior_stays=0, emergency_visits=0, diseases=(), haemoglobin=14.0, sodium=140.0, days=2.0,
    emergency=False, disposition="home", age=65, drugs=2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (date(2026, 3, 7), "-05:00"),
        (date(2026, 3, 8), "-04:00"),
        (date(2026, 10, 31), "-04:00"),
        (date(2026, 11, 1), "-05:00"),
    ],
)
def test_summer_time_begins_and_ends_on_its_sundays(day: date, zone: str) -> None:
    assert offset(day) == zone


@UNHURRIED
@given(DATES, st.integers(0, 10_000))
def test_arrivals_fall_on_the_same_day_in_local_time_and_utc(day: date, seed: int) -> None:
    moment = datetime.fromisoformat(stamp(by_day(Random(seed), day)))

    assert moment.date() == (moment - moment.utcoffset()).date() == day  # type: ignore[operator]


@UNHURRIED
@given(DATES, st.integers(0, 100_000))
def test_an_age_at_the_end_lies_in_its_bands(until: date, seed: int) -> None:
    assert 0 <= age_on(birth_date(Random(seed), until), until) <= 102


def test_a_person_is_the_same_for_the_same_generator() -> None:
    until = date(2026, 6, 30)

    assert person(Random(3), 1, until) == person(Random(3), 1, until)
    assert an_address(Random(3)) == an_address(Random(3))


@UNHURRIED
@given(st.integers(0, 10_000))
def test_bleeding_lowers_haemoglobin_and_treatment_brings_it_back(seed: int) -> None:
    rng = Random(seed)
    state = replace(health(rng, 70, "female"), usual={n: lab.usual for n, lab in labs().items()})
    stay = (at(date(2026, 1, 1), 8, 0), at(date(2026, 1, 4), 14, 0))

    results = stay_results(rng, state, reasons()["gi_bleed"], 0.8, stay)

    first = next(r for r in results if r.lab == "haemoglobin").value
    assert first < labs()["haemoglobin"].low
    assert first < last_value(results, "haemoglobin")


@UNHURRIED
@given(st.sampled_from(sorted(labs())), st.floats(-1000, 50_000))
def test_a_printed_value_is_possible_and_its_flag_fits(name: str, value: float) -> None:
    lab = labs()[name]
    printed = lab.printed(value)

    assert lab.floor <= printed <= lab.ceiling
    assert (lab.flag(printed) == "N") == (lab.low <= printed <= lab.high)


@pytest.mark.parametrize(
    "worse",
    [
        {"prior_stays": 2}, {"emergency_visits": 1}, {"diseases": ("heart_failure",)},
        {"haemoglobin": 9.0}, {"sodium": 130.0}, {"days": 9.0}, {"emergency": True},
        {"disposition": "nursing"}, {"age": 85}, {"drugs": 9},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_part_of_the_record_raises_the_risk(worse: dict[str, object]) -> None:
    assert shown_logit(replace(WELL, **worse)) > shown_logit(WELL)  # type: ignore[arg-type]


def test_a_visit_helps_most_those_with_nobody_at_home() -> None:
    alone = frozenset({"no_help_at_home"})

    assert effects(("home_visit",), alone, 3)["home_visit"] == 0.45
    assert effects(("home_visit",), frozenset(), 3)["home_visit"] == 0.65


def test_a_reconciliation_helps_most_from_eight_drugs_on() -> None:
    assert not helps_more("medication_reconciliation", frozenset(), 7)
    assert helps_more("medication_reconciliation", frozenset(), 8)


def test_a_child_has_asthma_or_nothing() -> None:
    found = {name for seed in range(200) for name in health(Random(seed), 9, "male").diseases}

    assert found <= {"asthma"}


def test_results_are_in_the_order_they_were_taken() -> None:
    rng = Random(1)
    begin = at(date(2026, 1, 1), 8, 0)
    results = stay_results(
        rng, health(rng, 80, "male"), reasons()["sepsis"], 0.9, (begin, begin + timedelta(days=9))
    )

    assert [r.taken_at for r in results] == sorted(r.taken_at for r in results)
    assert {"lactate", "crp"} <= {r.lab for r in results}
