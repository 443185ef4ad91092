"""Events survive Arrow bit for bit, and newer resources replace older ones."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.events.event import EVENT_SCHEMA, Event
from etl.events.table import canonical, from_bytes, from_table, merge, to_bytes, to_table
from tests.support.event_streams import lives

UNHURRIED = settings(deadline=None)  # a busy machine is no failure


@UNHURRIED
@given(events=lives())
def test_events_come_back_from_arrow_bit_for_bit(events: list[Event]) -> None:
    assert repr(from_table(to_table(events))) == repr(events)
    assert repr(from_bytes(to_bytes(events))) == repr(events)


def test_no_events_make_an_empty_table_of_the_same_schema() -> None:
    table = to_table([])

    assert table.schema == EVENT_SCHEMA
    assert from_table(table) == []
    assert from_bytes(to_bytes([])) == []


@UNHURRIED
@given(events=lives(), seed=st.integers())
def test_order_and_repetition_do_not_change_the_canonical_form(
    events: list[Event], seed: int
) -> None:
    shuffled = [*events, *events]
    random.Random(seed).shuffle(shuffled)

    assert repr(canonical(shuffled)) == repr(canonical(events))


@UNHURRIED
@given(stored=lives(), newer=lives())
def test_merge_keeps_only_the_newer_version_of_a_resource(
    stored: list[Event], newer: list[Event]
) -> None:
    merged = set(merge(stored, newer))
    replaced = {(event.resource_type, event.resource_id) for event in newer}

    assert merged >= set(newer)
    assert all(
        event in newer for event in merged if (event.resource_type, event.resource_id) in replaced
    )


@UNHURRIED
@given(stored=lives(), newer=lives())
def test_merging_the_same_again_changes_nothing(stored: list[Event], newer: list[Event]) -> None:
    once = merge(stored, newer)

    assert merge(once, newer) == once


@UNHURRIED
@given(stored=lives())
def test_resource_that_says_nothing_any_more_is_forgotten(stored: list[Event]) -> None:
    gone = {(event.resource_type, event.resource_id) for event in stored}

    assert merge(stored, [], replaced=gone) == []
