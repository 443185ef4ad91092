"""The interval that a FHIR date stands for, by its precision.

https://hl7.org/fhir/R4/search.html#date: 2024-03 is the whole of March, 10:00 the whole minute. An
interval begins with its first moment and ends before the first moment after it. A date without a
zone is read as UTC, since Postgres and every reader of ours does.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)?)?"
)
ALWAYS = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)
MICROSECOND_DIGITS = 6


class Interval(NamedTuple):
    """From the first moment to the first after it; ALWAYS and FOREVER where it is open."""

    starts: datetime
    ends: datetime


@lru_cache(maxsize=65536)
def interval(text: str) -> Interval | None:
    """The interval of a date, dateTime or instant; None for what is none.

    >>> found = interval("2024-02")
    >>> f"{found.starts:%Y-%m-%d} {found.ends:%Y-%m-%d}"
    '2024-02-01 2024-03-01'
    """
    match = MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        return whole_days(match) if match[4] is None else part_of_day(match)
    except (ValueError, OverflowError):
        return None


def whole_days(match: re.Match[str]) -> Interval:
    """A year, a month or a day."""
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    starts = datetime(year, month, day, tzinfo=UTC)
    if match[3]:
        return Interval(starts, after(starts, timedelta(days=1)))
    months = year * 12 + (month if match[2] else 12)
    if months // 12 > FOREVER.year:
        return Interval(starts, FOREVER)
    return Interval(starts, datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC))


def part_of_day(match: re.Match[str]) -> Interval:
    """A minute, a second, or a fraction of one; a leap second is the first of the next minute."""
    year, month, day, hour, minute = (int(match[place]) for place in range(1, 6))
    starts = datetime(year, month, day, hour, minute, tzinfo=UTC) - offset(match[8])
    if match[6] is None:
        return Interval(starts, after(starts, timedelta(minutes=1)))
    digits = (match[7] or "")[:MICROSECOND_DIGITS]
    fraction = int(digits.ljust(MICROSECOND_DIGITS, "0"))
    starts += timedelta(seconds=int(match[6]), microseconds=fraction)
    width = 10 ** (MICROSECOND_DIGITS - len(digits))
    return Interval(starts, after(starts, timedelta(microseconds=width)))


def offset(zone: str | None) -> timedelta:
    """How far a zone is ahead of UTC."""
    if zone is None or zone == "Z":
        return timedelta()
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return -ahead if zone[0] == "-" else ahead


def after(moment: datetime, width: timedelta) -> datetime:
    """The moment after an interval; FOREVER where the calendar ends."""
    return FOREVER if moment > FOREVER - width else moment + width
