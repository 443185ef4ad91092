"""A date stands for an interval by its precision; a number for all that round to it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.moments import ALWAYS, FOREVER, Interval, interval
from fhir_api.search.r4.precision import bounds
from fhir_api.search.r4.words import LONGEST, comparable

PRECISIONS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NUMBERS = st.decimals(-(10**12), 10**12, allow_nan=False, places=4)


def found(text: str) -> Interval:
    known = interval(text)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2024-12", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2024-02-29T23:59Z", "2024-02-29T23:59:00Z", "2024-03-01T00:00:00Z"),
        ("2024-02-29T23:59:59+02:00", "2024-02-29T21:59:59Z", "2024-02-29T22:00:00Z"),
        ("2024-02-29T10:00:00.25-05:00", "2024-02-29T15:00:00.25Z", "2024-02-29T15:00:00.26Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
        ("2024-02-29T10:00:00", "2024-02-29T10:00:00Z", "2024-02-29T10:00:01Z"),
    ],
)
def test_each_precision_has_its_interval(text: str, starts: str, ends: str) -> None:
    assert found(text) == tuple(map(datetime.fromisoformat, (starts, ends)))


@given(moment=MOMENTS, length=st.sampled_from(list(PRECISIONS)))
def test_the_interval_of_a_date_contains_the_moment(moment: datetime, length: int) -> None:
    known = found(moment.strftime(PRECISIONS[length]))

    assert known.starts <= moment.replace(tzinfo=UTC) < known.ends


@given(moment=MOMENTS, zone=ZONES, timespec=st.sampled_from(["minutes", "seconds", "milliseconds"]))
def test_the_interval_of_a_time_contains_the_moment(
    moment: datetime, zone: timezone, timespec: str
) -> None:
    there = moment.replace(tzinfo=zone)

    known = found(there.isoformat(timespec=timespec))

    assert known.starts <= there < known.ends
    assert known.starts.utcoffset() == timedelta()


@given(moment=MOMENTS)
def test_a_coarser_date_has_a_longer_interval(moment: datetime) -> None:
    year, month, day = (found(moment.strftime(form)) for form in PRECISIONS.values())

    assert year.starts <= month.starts <= day.starts < day.ends <= month.ends <= year.ends


@pytest.mark.parametrize(
    "text", ["", "24", "2024-13", "2024-02-30", "2024-1-1", "10:00", "2024-02-01T25:00Z", "today"]
)
def test_what_is_no_date_has_none(text: str) -> None:
    assert interval(text) is None


def test_the_calendar_ends_open() -> None:
    assert found("9999").ends == found("9999-12-31").ends == found("9999-12-31T23:59Z").ends
    assert found("9999").ends == FOREVER
    assert found("0001").starts == ALWAYS


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1E+2", "50", "150"),
        ("-0.5", "-0.55", "-0.45"),
        ("0", "-0.5", "0.5"),
    ],
)
def test_a_number_stands_for_all_that_round_to_it(number: str, low: str, high: str) -> None:
    assert bounds(Decimal(number)) == (Decimal(low), Decimal(high))


@given(number=NUMBERS)
def test_bounds_hold_the_number_and_are_as_wide_as_its_last_digit(number: Decimal) -> None:
    known = bounds(number)

    assert known.low < number < known.high
    assert known.high - known.low == Decimal(1).scaleb(int(number.as_tuple().exponent))


def test_a_long_number_keeps_all_its_digits() -> None:
    number = Decimal("123456789012345678901234567890123456789.5")

    assert bounds(number).high - number == Decimal("0.05")


@given(text=st.text())
def test_a_comparable_text_stays_so_and_fits_the_index(text: str) -> None:
    known = comparable(text)

    assert len(known) <= LONGEST
    assert known == comparable(text.upper().lower()) or not text.isascii()


def test_case_accents_and_blanks_do_not_matter() -> None:
    assert comparable("Ångström  ÉCLAIR\t") == comparable("angstrom eclair")
