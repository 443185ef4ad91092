"""A row of features depends on what was known at its moment, and on nothing else."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.events.event import Event
from etl.features.catalogue import CATALOGUE, NAMES
from etl.features.compute import feature_row
from etl.features.row import FeatureRow
from etl.features.sequence import MOST_CODES, MOST_STEPS
from etl.features.table import FEATURE_SCHEMA, rows_to_table, table_to_rows
from etl.features.words import describe
from etl.rules import SiteRules
from tests.support.event_streams import HOURS, START, STAYS, facts, lives

RULES = SiteRules()
UNHURRIED = settings(deadline=None)  # a busy machine is no failure
MOMENTS = HOURS.map(lambda hours: START + timedelta(hours=hours))
WHICH = st.none() | st.sampled_from(STAYS)


def row(events: list[Event], as_of: datetime, which: str | None) -> FeatureRow:
    return feature_row(events, as_of, which, RULES)


@UNHURRIED
@given(events=lives(), as_of=MOMENTS, which=WHICH)
def test_future_changes_nothing(events: list[Event], as_of: datetime, which: str | None) -> None:
    known = [event for event in events if (event.available or event.time or as_of) <= as_of]

    assert repr(row(known, as_of, which)) == repr(row(events, as_of, which))


@UNHURRIED
@given(events=lives(), as_of=MOMENTS, which=WHICH, seed=st.integers())
def test_order_and_repetition_change_nothing(
    events: list[Event], as_of: datetime, which: str | None, seed: int
) -> None:
    shuffled = [*events, *events]
    random.Random(seed).shuffle(shuffled)

    assert repr(row(shuffled, as_of, which)) == repr(row(events, as_of, which))


@UNHURRIED
@given(events=lives(), late=facts(), as_of=MOMENTS, which=WHICH)
def test_late_arrival_alters_only_later_rows(
    events: list[Event], late: Event, as_of: datetime, which: str | None
) -> None:
    correction = late._replace(available=as_of + timedelta(microseconds=1))

    assert repr(row([*events, correction], as_of, which)) == repr(row(events, as_of, which))


@UNHURRIED
@given(events=lives(), as_of=MOMENTS, which=WHICH, weeks=st.integers(-52, 52))
def test_shifting_all_dates_by_weeks_changes_nothing(
    events: list[Event], as_of: datetime, which: str | None, weeks: int
) -> None:
    days = timedelta(weeks=weeks)
    moved = [
        event._replace(
            time=event.time and event.time + days,
            available=event.available and event.available + days,
        )
        for event in events
    ]

    shifted = row(moved, as_of + days, which)
    assert repr(replace(shifted, as_of=as_of)) == repr(row(events, as_of, which))


@UNHURRIED
@given(rows=st.lists(st.tuples(lives(), MOMENTS, WHICH), max_size=3))
def test_rows_come_back_from_arrow_bit_for_bit(
    rows: list[tuple[list[Event], datetime, str | None]],
) -> None:
    computed = [row(*each) for each in rows]
    table = rows_to_table(computed)

    assert table.schema == FEATURE_SCHEMA
    assert repr(table_to_rows(table)) == repr(computed)


@UNHURRIED
@given(events=lives(), as_of=MOMENTS, which=WHICH)
def test_row_has_the_shape_the_network_reads(
    events: list[Event], as_of: datetime, which: str | None
) -> None:
    made = row(events, as_of, which)

    assert len(made.values) == len(NAMES)
    assert all(type(value) is float for value in made.values)
    assert list(made.stay_codes) == sorted(set(made.stay_codes))
    assert len(made.steps) <= MOST_STEPS
    assert [step.hours_before for step in made.steps] == sorted(
        (step.hours_before for step in made.steps), reverse=True
    )
    assert all(len(step.codes) == len(step.values) <= MOST_CODES for step in made.steps)


@UNHURRIED
@given(value=st.floats(-1e6, 1e6) | st.just(float("nan")), feature=st.sampled_from(CATALOGUE))
def test_every_feature_can_be_told_in_words(value: float, feature: object) -> None:
    words = describe(feature.name, value)  # type: ignore[attr-defined]

    assert words
    assert not set("{|}") & set(words)
