"""Dates of a search, and the SQL that compares them with stored intervals.

https://hl7.org/fhir/R4/search.html#date. The interval that is stored and the one asked for are
compared by the prefix:

| prefix | the stored interval                       | prefix | the stored interval          |
|--------|-------------------------------------------|--------|------------------------------|
| eq     | lies inside the one asked for             | ne     | does not                     |
| gt     | reaches past its end                      | lt     | begins before its start      |
| ge     | gt or eq                                  | le     | lt or eq                     |
| sa     | begins at or after its end                | eb     | ends at or before its start  |
| ap     | touches it, or a tenth of its age more    |        |                              |
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fhir_api.moments import ALWAYS, FOREVER, Interval, interval
from fhir_api.search.sql.bound import Bound
from privacy.dates import shift_text
from privacy.errors import InvalidDate

MONTH = len("2020-03")
NEAR = 0.1  # of the time between now and what is asked for


@dataclass(frozen=True, slots=True)
class AskedDate:
    """A date as it is compared with stored ones.

    Attributes:
        covers: What it covers, on the calendar of what is stored.
        equal: Further intervals that a stored one may be exactly: a month or year is stored moved
            from its middle, so that the one asked for, moved to the day, does not hold it.
        margin: What `ap` adds before and after.
    """

    covers: Interval
    equal: tuple[Interval, ...] = ()
    margin: timedelta = timedelta(0)


def asked_date(text: str, days: int, now: datetime, *, only_years: bool) -> AskedDate | None:
    """A date as it is compared with dates that were moved by `days`; None when it is no date.

    Where only years are stored, `only_years`, the years that it touches are asked for.
    """
    true = interval(text.replace(" ", "+"))  # a plus sign that nobody escaped
    if true is None:
        return None
    margin = abs(now - true.starts) * NEAR
    stored = moved(true, timedelta(days=days), timedelta(days=days))
    if only_years:
        return AskedDate(whole_years(stored), margin=margin)
    return AskedDate(stored, coarse(text, days), margin)


def coarse(text: str, days: int) -> tuple[Interval, ...]:
    """How the same month or year would be stored."""
    if days == 0 or len(text) > MONTH:
        return ()
    try:
        stored = interval(shift_text(text, days))
    except InvalidDate:
        return ()
    return (stored,) if stored is not None else ()


def whole_years(found: Interval) -> Interval:
    """The years that an interval touches."""
    last = added(found.ends, timedelta(microseconds=-1)).year
    ends = FOREVER if last == FOREVER.year else datetime(last + 1, 1, 1, tzinfo=UTC)
    return Interval(datetime(found.starts.year, 1, 1, tzinfo=UTC), ends)


def moved(found: Interval, first: timedelta, last: timedelta) -> Interval:
    """An interval with its two ends moved."""
    return Interval(added(found.starts, first), added(found.ends, last))


def added(moment: datetime, time: timedelta) -> datetime:
    """A moment moved, and not out of the calendar."""
    try:
        return moment + time
    except OverflowError:
        return FOREVER if time > timedelta(0) else ALWAYS


def compared(prefix: str, asked: AskedDate, bound: Bound, starts: str, ends: str) -> str:
    """SQL that compares the columns `starts` and `ends` with what is asked."""
    found = asked.covers
    if prefix == "ap":
        found = moved(found, -asked.margin, asked.margin)
    first, last = bound.value(found.starts), bound.value(found.ends)
    inside = f"({starts} >= {first} AND {ends} <= {last})"
    for each in asked.equal:
        exactly = f"({starts} = {bound.value(each.starts)} AND {ends} = {bound.value(each.ends)})"
        inside = f"({inside} OR {exactly})"
    return {
        "eq": inside,
        "ne": f"NOT {inside}",
        "gt": f"{ends} > {last}",
        "lt": f"{starts} < {first}",
        "ge": f"({ends} > {last} OR {inside})",
        "le": f"({starts} < {first} OR {inside})",
        "sa": f"{starts} >= {last}",
        "eb": f"{ends} <= {first}",
        "ap": f"({starts} < {last} AND {ends} > {first})",
    }[prefix]
