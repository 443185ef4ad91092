"""Local time of the hospital, and the FHIR strings made of it.

Inside the simulation a moment is local wall-clock time without a zone; `stamp` adds the offset of
US Eastern time. The rule is written out here because a zone database need not be installed.

Arrivals and departures fall between 06:00 and 18:59, so that the calendar day of each is the same
in local time and in UTC, and a label that counts calendar days has one answer.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

FIRST_HOUR = 6
LAST_HOUR = 18
SUNDAY = 6


def midnight(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time())


def at(day: date, hour: int, minute: int) -> datetime:
    """A moment of a day."""
    return datetime.combine(day, time(hour, minute))


@lru_cache(maxsize=8192)
def offset(day: date) -> str:
    """Offset of US Eastern time: summer time from March's second to November's first Sunday.

    >>> offset(date(2026, 7, 1)), offset(date(2026, 12, 1))
    ('-04:00', '-05:00')

    Source: 15 U.S.C. 260a.
    """
    summer = nth_sunday(day.year, 3, 2) <= day < nth_sunday(day.year, 11, 1)
    return "-04:00" if summer else "-05:00"


def nth_sunday(year: int, month: int, n: int) -> date:
    """The n-th Sunday of a month, from 1."""
    first = date(year, month, 1)
    return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (n - 1))


def stamp(moment: datetime) -> str:
    """FHIR dateTime with its zone.

    >>> stamp(at(date(2026, 1, 2), 9, 30))
    '2026-01-02T09:30:00-05:00'
    """
    return f"{moment.isoformat(timespec='seconds')}{offset(moment.date())}"


def age_on(born: date, day: date) -> int:
    """Completed years.

    >>> age_on(date(1950, 7, 1), date(2026, 6, 30))
    75
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
