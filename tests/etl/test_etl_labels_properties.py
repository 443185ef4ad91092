"""Whatever happened to a patient, the ledger is complete and the label rests on facts alone."""

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.events.event import Event
from etl.labels.index import IndexDischarge, label_patient
from etl.rules import SiteRules
from tests.support.event_streams import HOURS, START, lives

RULES = SiteRules(inpatient_classes=frozenset({"IMP", "EMER"}))
UNHURRIED = settings(deadline=None)  # a busy machine is no failure


def moved(events: list[Event], days: timedelta) -> list[Event]:
    return [
        event._replace(
            time=event.time and event.time + days,
            available=event.available and event.available + days,
        )
        for event in events
    ]


@UNHURRIED
@given(events=lives())
def test_every_encounter_is_followed_or_excluded_once(events: list[Event]) -> None:
    labels = label_patient(events, RULES)
    told = [each.encounter_id for each in (*labels.index, *labels.excluded)]

    begun = {event.resource_id for event in events if event.code.startswith("ADMISSION//")}
    assert sorted(told) == sorted(begun)


@UNHURRIED
@given(events=lives(), seed=st.integers())
def test_order_and_repetition_do_not_change_labels(events: list[Event], seed: int) -> None:
    shuffled = [*events, *events]
    random.Random(seed).shuffle(shuffled)

    assert label_patient(shuffled, RULES) == label_patient(events, RULES)


@UNHURRIED
@given(events=lives(), weeks=st.integers(-52, 52))
def test_shifting_all_dates_by_weeks_moves_the_index_and_nothing_else(
    events: list[Event], weeks: int
) -> None:
    days = timedelta(weeks=weeks)

    def back(index: IndexDischarge) -> IndexDischarge:
        return replace(
            index,
            admitted_at=index.admitted_at - days,
            discharged_at=index.discharged_at - days,
        )

    shifted = label_patient(moved(events, days), RULES)
    assert [back(index) for index in shifted.index] == label_patient(events, RULES).index


@UNHURRIED
@given(events=lives(), hours=HOURS)
def test_label_is_told_once_and_does_not_change_afterwards(events: list[Event], hours: int) -> None:
    until = START + timedelta(hours=hours)
    early = label_patient(events, replace(RULES, observed_until=until))
    final = label_patient(events, RULES)

    assert [index.encounter_id for index in early.index] == [
        index.encounter_id for index in final.index
    ]
    for before, after in zip(early.index, final.index, strict=True):
        assert before.label in (None, after.label)


@UNHURRIED
@given(events=lives())
def test_label_is_true_for_unplanned_returns_within_the_horizon_only(events: list[Event]) -> None:
    for index in label_patient(events, RULES).index:
        assert index.label == (index.event == "unplanned")
        assert (index.event_day is None) == (index.event == "none")
        assert index.event_day is None or 0 <= index.event_day <= RULES.horizon_days
