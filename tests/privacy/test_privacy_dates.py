"""Shifting keeps intervals, weekday, time, zone and precision, and hides the date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.dates import birth_year, shift_datetime, shift_days, shift_text
from privacy.errors import InvalidDate
from privacy.pseudonyms import pseudonym
from tests.support.cleaning import KEYS

patients = st.text().map(lambda real_id: pseudonym(KEYS, "Patient", real_id))
shifts = st.integers(1, 52).map(lambda weeks: -7 * weeks)
days_of_life = st.dates(min_value=date(1800, 1, 1), max_value=date(2300, 12, 31))
suffixes = st.sampled_from(
    ["", "T23:59", "T00:00:00Z", "T08:30:15.250-05:00", "T12:00:60+14:00", "T07:15:00.000001Z"]
)


@given(patient=patients)
def test_a_shift_is_steady_and_one_to_fifty_two_weeks_back(patient: str) -> None:
    shift = shift_days(patient, KEYS)

    assert shift == shift_days(patient, KEYS)
    assert shift in range(-364, 0, 7)


@given(first=days_of_life, second=days_of_life, days=shifts)
def test_intervals_and_weekdays_stay_as_they_were(first: date, second: date, days: int) -> None:
    moved = [date.fromisoformat(shift_text(day.isoformat(), days)) for day in (first, second)]

    assert moved[1] - moved[0] == second - first
    assert [day.weekday() for day in moved] == [first.weekday(), second.weekday()]


@given(day=days_of_life, suffix=suffixes, days=shifts)
def test_time_and_zone_stay_exactly_as_written(day: date, suffix: str, days: int) -> None:
    moved = shift_text(day.isoformat() + suffix, days)

    assert moved[10:] == suffix
    assert moved[:10] < day.isoformat()


@given(day=days_of_life, days=shifts, length=st.sampled_from([4, 7, 10]))
def test_a_partial_date_keeps_its_precision(day: date, days: int, length: int) -> None:
    written = day.isoformat()[:length]

    moved = shift_text(written, days)

    assert len(moved) == length
    assert moved <= written


@given(day=days_of_life, suffix=suffixes, days=shifts)
def test_a_full_date_comes_back_when_shifted_back(day: date, suffix: str, days: int) -> None:
    written = day.isoformat() + suffix

    assert shift_text(shift_text(written, days), -days) == written


def test_a_moment_moves_by_whole_days() -> None:
    moment = datetime(2024, 3, 10, 6, 30, tzinfo=UTC)

    assert shift_datetime(moment, -14) == moment - timedelta(days=14)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2024-13", "2024-02-30", "24-01-01", "2024-1-1", "2024-01-01T", "0000"),
        *("0001-01-01", "2024-01-01T10", "2024-01-01 10:00", "Jane 2024", "2024-01-01T10:00:00+5"),
    ],
)
def test_what_is_no_date_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        shift_text(text, -364)

    assert text == "" or text not in str(caught.value)


@pytest.mark.parametrize(
    ("birth", "reference", "year"),
    [
        ("1980-06-01", 2026, "1980"),
        ("1980-01-02", 2026, "1979"),
        ("1936-12-31", 2026, "1936"),
        ("1936-02-29", 2026, "1936"),
        ("1936-01-01", 2026, "1936"),
        ("1900", 2026, "1936"),
        ("1900-02", 1995, "1905"),
    ],
)
def test_the_birth_year_never_tells_an_age_above_ninety(
    birth: str, reference: int, year: str
) -> None:
    assert birth_year(birth, -7, reference) == year


@given(birth=days_of_life, days=shifts, reference=st.integers(1900, 2300))
def test_no_birth_year_is_more_than_ninety_years_back(
    birth: date, days: int, reference: int
) -> None:
    assert reference - int(birth_year(birth.isoformat(), days, reference)) <= 90
