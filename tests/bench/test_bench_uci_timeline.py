"""The calendar gives back the published label and tells nothing more."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

from hypothesis import given

from bench.uci.rows import Stay
from bench.uci.timeline import READMISSION_DAYS, Visit, timeline
from tests.support.uci import uci_patients, uci_stay


def gaps(visits: Sequence[Visit]) -> list[int]:
    pairs = pairwise(visits)
    return [(later.admitted_at.date() - this.discharged_at.date()).days for this, later in pairs]


@given(stays=uci_patients())
def test_a_stay_is_followed_within_thirty_days_if_and_only_if_labelled_so(
    stays: list[Stay],
) -> None:
    visits = timeline(stays)
    followed = [gap <= READMISSION_DAYS for gap in gaps(visits)] + [False]

    assert followed[: len(stays)] == [stay.is_readmitted for stay in stays]


@given(stays=uci_patients())
def test_no_stay_follows_another_so_closely_that_both_would_merge(stays: list[Stay]) -> None:
    assert all(gap >= 2 for gap in gaps(timeline(stays)))


@given(stays=uci_patients())
def test_every_stay_keeps_its_length_and_its_place(stays: list[Stay]) -> None:
    visits = [visit for visit in timeline(stays) if visit.stay]

    assert [visit.stay for visit in visits] == stays
    assert [(v.discharged_at - v.admitted_at).days for v in visits] == [s.days for s in stays]


@given(stays=uci_patients())
def test_what_happens_later_moves_nothing_that_came_before(stays: list[Stay]) -> None:
    seen = timeline(stays[:1])[0]

    assert timeline(stays)[0] == seen


def test_a_late_readmission_and_none_leave_the_same_gaps() -> None:
    def of(label: str) -> list[list[int]]:
        return [
            gaps(timeline([uci_stay(1, n, label), uci_stay(2, n, label), uci_stay(3, n)]))
            for n in range(200)
        ]

    assert of(">30") == of("NO")
    assert mean(gap for pair in of("NO") for gap in pair) > 100


def test_a_last_stay_labelled_readmitted_is_followed_by_one_beyond_the_file() -> None:
    readmitted, not_readmitted = timeline([uci_stay(1, 1, "<30")]), timeline([uci_stay(1, 1)])

    assert [visit.stay is None for visit in readmitted] == [False, True]
    assert len(not_readmitted) == 1


def test_the_same_patient_gets_the_same_calendar_again() -> None:
    assert timeline([uci_stay(1, 77)]) == timeline([uci_stay(1, 77)])
    assert timeline([uci_stay(1, 77)])[0].admitted_at != timeline([uci_stay(1, 78)])[0].admitted_at
