"""From feature rows to padded arrays: training and serving read a row alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.features.catalogue import NAMES
from etl.features.table import rows_to_table
from model.dataset import learn_vocabulary
from model.runtime.inputs import Encoded, encode, pack, rounded
from model.runtime.normalisation import EDGES, Normalisation, edges_of, learn
from model.runtime.ragged import Ragged, positions, ragged_of
from model.snapshot import no_notes, ragged_from
from tests.support.features import drawn_rows, empty_row


def spelled(rows: Ragged) -> list[tuple[object, ...]]:
    """Each row's codes, hours and values as plain lists, whatever the order of the code table."""
    stay = np.split(rows.codes[rows.stay_codes], rows.stay_offsets[1:-1])
    hours = np.split(rows.step_hours, rows.step_offsets[1:-1])
    events = np.split(rows.codes[rows.event_codes], rows.event_offsets[1:-1])
    per_row = np.split(np.arange(len(rows.step_hours)), rows.step_offsets[1:-1])
    return [
        (list(s), list(h), [list(events[step]) for step in steps])
        for s, h, steps in zip(stay, hours, per_row, strict=True)
    ]


def encoded(rows: Ragged) -> Encoded:
    vocabulary = learn_vocabulary(rows, 1)
    ids = np.array(vocabulary.ids_of(rows.codes), np.int64)
    scales = learn(rows, NAMES, ids, len(vocabulary))
    return encode(rows, no_notes(len(rows)), vocabulary, _with_note_width(scales))


def _with_note_width(scales: Normalisation) -> Normalisation:
    from dataclasses import replace

    return replace(scales, note_mean=np.zeros(1), note_scale=np.ones(1))


def test_arrow_and_rows_in_hand_become_the_same_arrays() -> None:
    rows = [*drawn_rows(40), empty_row()]

    by_arrow, by_hand = ragged_from(rows_to_table(rows)), ragged_of(rows)

    assert spelled(by_arrow) == spelled(by_hand)
    np.testing.assert_array_equal(by_arrow.values, by_hand.values)
    np.testing.assert_array_equal(by_arrow.event_values, by_hand.event_values)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 29), max_size=12))
def test_taking_rows_is_the_same_as_having_had_only_those(chosen: list[int]) -> None:
    rows = drawn_rows(30)

    taken = ragged_of(rows).take(np.array(chosen, np.int64))

    if chosen:
        assert spelled(taken) == spelled(ragged_of([rows[place] for place in chosen]))
    assert len(taken) == len(chosen)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 29), min_size=1, max_size=12))
def test_a_row_is_packed_alike_alone_and_among_others(chosen: list[int]) -> None:
    data = encoded(ragged_of(drawn_rows(30)))
    together = pack(data, np.array(chosen, np.int64))

    for place, row in enumerate(chosen):
        alone = pack(data, np.array([row], np.int64))
        for name, array in alone.items():
            shared = together[name][place][tuple(slice(size) for size in array.shape[1:])]
            np.testing.assert_array_equal(shared, array[0])


def test_padding_stands_on_the_right_and_an_empty_row_is_all_padding() -> None:
    inputs = pack(encoded(ragged_of([empty_row(), *drawn_rows(5)])), np.arange(6))

    assert not inputs["stay_codes"][0].any()
    assert not inputs["event_codes"][0].any()
    assert np.isnan(inputs["step_hours"][0]).all()
    assert not inputs["note_mask"][0].any()
    for mask in (inputs["stay_codes"] > 0, ~np.isnan(inputs["step_hours"])):
        assert (np.diff(mask.astype(int), axis=1) <= 0).all()


@given(st.integers(0, 512))
def test_padded_lengths_hold_what_they_round(length: int) -> None:
    assert rounded(length) >= max(length, 1)


def test_positions_count_through_each_list() -> None:
    owner, place, source = positions(np.array([5, 0, 9]), np.array([2, 0, 1]))

    assert (owner.tolist(), place.tolist(), source.tolist()) == ([0, 0, 2], [0, 1, 0], [5, 6, 9])


def test_edges_stand_at_the_common_values_of_a_count_that_is_mostly_zero() -> None:
    column = np.array([0.0] * 80 + [1.0] * 12 + [2.0] * 5 + [3.0, 7.0, 20.0])

    edges = edges_of(column)

    assert edges[:3].tolist() == [0.0, 1.0, 2.0]
    assert edges[-1] == 20.0


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=50))
def test_edges_are_ascending_and_always_as_many(column: list[float]) -> None:
    edges = edges_of(np.array(column, float))

    assert edges.shape == (EDGES,)
    assert (np.diff(edges) >= 0).all()


def test_normalisation_survives_writing_to_json() -> None:
    rows = ragged_of(drawn_rows(30))
    ids = np.ones(len(rows.codes), np.int64)
    scales = _with_note_width(learn(rows, NAMES, ids, 2))

    again = Normalisation.from_json(scales.as_json())  # type: ignore[arg-type]

    assert again.features == scales.features
    np.testing.assert_array_equal(again.edges, scales.edges)
    assert scales.code_mean[1] == pytest.approx(np.nanmean(rows.event_values))
