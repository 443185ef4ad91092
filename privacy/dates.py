"""Move every date of a patient by one secret number of weeks.

Whole weeks keep the weekday; one number for the patient keeps every interval; backwards only, so
that nothing lies in the future. What it does not hide is written in docs/decisions/0003.
"""

import hmac
import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from privacy.errors import InvalidDate
from privacy.keys import SiteKeys

WEEKS = 52
YEAR, MONTH, DAY = 4, 7, 10  # characters of a date at each precision
FHIR_DATE = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}"
    r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)


@lru_cache(maxsize=4096)
def shift_days(patient_pseudonym: str, keys: SiteKeys) -> int:
    """Days to move all dates of one patient by: -7, -14, … or -364; always the same for one.

    Made from the pseudonym and not from the real id, so that whoever holds the key and the store
    can turn the dates back without any table of patients.

    Source: 45 CFR 164.514(b)(2)(i)(C) names dates among the identifiers; docs/decisions/0003 says
    why we shift them where that rule would drop them.
    """
    digest = hmac.digest(keys.date, patient_pseudonym.encode(), "sha256")
    return -7 * (1 + int.from_bytes(digest[:8], "big") % WEEKS)


@lru_cache(maxsize=65536)
def shift_text(value: str, days: int) -> str:
    """A FHIR date, dateTime or instant moved by `days`; time, zone and precision stay as written.

    A bare year or month is taken at its middle, moved, and cut to the same precision.

    >>> shift_text("2024-02-29T23:30:00-05:00", -7)
    '2024-02-22T23:30:00-05:00'
    >>> shift_text("2024-03", -14), shift_text("2024", -364)
    ('2024-03', '2023')

    Raises:
        InvalidDate: `value` is no such text, or moves out of the calendar.
    """
    if FHIR_DATE.fullmatch(value) is None:
        raise InvalidDate
    try:
        moved = _middle(value) + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise InvalidDate from error
    return moved.isoformat()[: len(value)] if len(value) <= DAY else moved.isoformat() + value[DAY:]


def shift_datetime(moment: datetime, days: int) -> datetime:
    """A moment moved by whole days; its time of day and zone stay."""
    return moment + timedelta(days=days)


@lru_cache(maxsize=65536)
def year_of(value: str) -> str:
    """The year of a FHIR date, dateTime or instant, as text.

    Raises:
        InvalidDate: `value` is no such text.
    """
    return shift_text(value, 0)[:YEAR]


def birth_year(birth: str, days: int, reference_year: int) -> str:
    """The year of the shifted birth date, and never one that tells an age above 90.

    >>> birth_year("1961-05-04", -70, 2026), birth_year("1920-05-04", -70, 2026)
    ('1961', '1936')

    Args:
        birth: FHIR date of birth, any precision.
        days: The patient's shift.
        reference_year: Year of death, or of today for the living.

    Source: 45 CFR 164.514(b)(2)(i)(C) makes one class of all ages over 89.
    """
    return f"{max(int(shift_text(birth, days)[:YEAR]), reference_year - 90):04d}"


def _middle(value: str) -> date:
    if len(value) == YEAR:
        return date(int(value), 7, 1)
    if len(value) == MONTH:
        return date(int(value[:4]), int(value[5:]), 15)
    return date.fromisoformat(value[:DAY])
