"""Dates in running text, found and moved with their patient.

A full date is written again as `YYYY-MM-DD` after the patient's shift, a month with its year as
`YYYY-MM`; a day without a year, which cannot be moved truly, becomes `[DATE]`. A year alone stays.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAME = (
    r"(?P<m>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
DAY = r"(?P<d>[0-3]?[0-9])(?:st|nd|rd|th)?\b"
CENTURY = r"(?:19|20|21|22)"
YEAR = rf"(?P<y>{CENTURY}[0-9]{{2}}|'?[0-9]{{2}}(?![0-9:/%.,]{{0,4}}[0-9%]))"
LONG_YEAR = rf"(?P<y>{CENTURY}[0-9]{{2}})"
SHORT_YEAR = rf"(?P<y>{CENTURY}?[0-9]{{2}})"
MONTH_NUMBER, DAY_NUMBER = r"(?P<m>[01]?[0-9])", r"(?P<d>[0-3]?[0-9])"
TWO_DIGITS = r"(?P<m>0[1-9]|1[0-2])(?P<d>[0-2][0-9]|3[01])"
DOSE = r"(?!\s{0,2}(?:mg|mcg|ml|%|units))"
ALONE = r"(?<![0-9A-Za-z./-])"
SHAPES = (
    ALONE + LONG_YEAR + r"[-/.]" + MONTH_NUMBER + r"[-/.]" + DAY_NUMBER + r"(?![0-9])",
    ALONE + r"(?P<m>[0-3]?[0-9])(?P<s>[-/.])" + DAY_NUMBER + r"(?P=s)" + SHORT_YEAR + r"(?![0-9/])",
    r"\b" + NAME + r"\s{0,3}" + DAY + r",?\s{1,3}(?:of\s)?" + YEAR + r"\b",
    ALONE + DAY + r"[\s-]{0,3}(?:of\s)?" + NAME + r"[\s,-]{0,3}" + YEAR + r"\b",
    r"\b" + NAME + r"\s{0,3}" + DAY + DOSE,
    ALONE + DAY + r"[\s-]{1,3}(?:of\s)?" + NAME,
    r"\b" + NAME + r",?\s{1,2}(?:of\s)?" + LONG_YEAR + r"\b",
    ALONE + r"(?P<m>0?[1-9]|1[0-2])/" + LONG_YEAR + r"(?![0-9/])",
    ALONE + r"(?P<y>(?:19|20)[0-9]{2})" + TWO_DIGITS + r"(?![0-9A-Za-z])",
)
PATTERNS = tuple(re.compile(shape, re.IGNORECASE) for shape in SHAPES)
SHORT = re.compile(
    r"\b(?:on|from|since|until|till|by|dated?|through|thru|before|after|between|and|to|of|for|dos|dob"
    r"|seen|admitted|discharged|due|starting|scheduled|visit|appointment|labs?|fax(?:ed)?"
    r"|filled|refill(?:ed)?|week|ct|mri|xr|echo|ekg|note|surgery|effective|expires?)\b:?\s{1,3}"
    r"(?P<date>(?P<m>0?[1-9]|1[0-2])[/-](?P<d>0?[1-9]|[12][0-9]|3[01]))(?![0-9/%]|\.[0-9]|-[0-9])",
    re.IGNORECASE,
)
MONTH_ALONE = re.compile(
    r"\b(?:in|since|until|till|by|early|late|mid|last|next|this|of|from|through|before|after|around|during)"
    r"[\s-](?P<date>January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
UNKNOWN = "[DATE]"


class Found(NamedTuple):
    """A date in a text and what to write in its place."""

    start: int
    end: int
    instead: str


def dates_in(text: str, days: int) -> Iterator[Found]:
    """Every date of a text with its replacement; overlaps are left to the caller.

    >>> [found.instead for found in dates_in("Seen March 5, 2024 and again on 3/19.", -7)]
    ['2024-02-27', '[DATE]', '[DATE]']
    """
    for pattern in PATTERNS:
        for match in pattern.finditer(text):
            if (instead := _moved(match.groupdict(), days)) is not None:
                yield Found(*match.span(), instead)
    for vague in (SHORT, MONTH_ALONE):
        for match in vague.finditer(text):
            yield Found(*match.span("date"), UNKNOWN)


def _moved(parts: dict[str, str | None], days: int) -> str | None:
    """The date after the shift; None when the numbers are no date at all."""
    month, year, day = _month(parts["m"] or ""), _year(parts.get("y")), parts.get("d")
    number = int(day) if day else 15
    if parts.get("s") and month > 12:  # day first, as most of the world writes
        month, number = number, month
    if year is None:
        return UNKNOWN if 1 <= number <= 31 else None
    try:
        moved = date(year, month, number) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return moved.isoformat() if day else moved.isoformat()[:7]


def _month(written: str) -> int:
    return int(written) if written.isdigit() else MONTHS.index(written[:3].lower()) + 1


def _year(written: str | None) -> int | None:
    """The year; two digits above 29 are of the last century."""
    if written is None:
        return None
    number = int(written.strip("'"))
    return number if number > 99 else number + (1900 if number > 29 else 2000)
