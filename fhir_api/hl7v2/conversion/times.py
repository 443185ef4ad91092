"""Dates and times: HL7 `20150208113419+0110` to FHIR `2015-02-08T11:34:19+01:10`.

DTM of HL7 v2.8, 2A.3.22. FHIR wants a zone with every time of day; a message that says none gets
the site's. What is written to the hour or minute is taken at its beginning.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from fhir_api.hl7v2.wire.message import Segment
from fhir_api.hl7v2.wire.refusals import WRONG_TYPE, Refused

DTM = re.compile(
    r"(?P<year>[0-9]{4})((?P<month>[0-9]{2})((?P<day>[0-9]{2})(?P<time>[0-9]{2}([0-9]{2}"
    r"([0-9]{2})?)?)?(?P<fraction>\.[0-9]{1,4})?)?)?(?P<zone>[+-][0-9]{4})?"
)
SECONDS = 6  # digits of HHMMSS


@dataclass(frozen=True, slots=True)
class Clock:
    """How times of a message are read.

    Attributes:
        zone: For times that say no zone.
        received_at: When the message came.
    """

    zone: tzinfo
    received_at: datetime

    def moment(self, segment: Segment, field: int) -> str | None:
        """A dateTime, or a date where no time of day is given; None when the field is empty.

        Raises:
            Refused: The field is no DTM.
        """
        given = segment.text(field)
        return fhir_time(given, self.zone, segment, field) if given else None

    def day(self, segment: Segment, field: int) -> str | None:
        """A date, cut from a moment; its precision stays."""
        moment = self.moment(segment, field)
        return moment[:10] if moment else None

    def instant(self, segment: Segment, field: int) -> datetime | None:
        """A moment that can be compared; a date counts from its first second."""
        moment = self.moment(segment, field)
        return None if moment is None else instant_of(moment, self.zone)


def fhir_time(given: str, zone: tzinfo, segment: Segment, field: int) -> str:
    """A DTM as FHIR writes it; raises Refused for what is none."""
    found = DTM.fullmatch(given)
    if found is None:
        raise Refused(WRONG_TYPE, segment.place(field), "this is no date or time of HL7 v2.")
    year, month, day = found["year"], found["month"], found["day"]
    try:
        if month is None or day is None:
            date(int(year), int(month or 1), 1)
            return "-".join(filter(None, (year, month)))
        if not found["time"]:
            return date(int(year), int(month), int(day)).isoformat()
        return with_zone(found, zone)
    except (ValueError, OverflowError) as error:
        message = "there is no such day or time."
        raise Refused(WRONG_TYPE, segment.place(field), message) from error


def with_zone(found: re.Match[str], zone: tzinfo) -> str:
    """The moment of a match that has a time of day."""
    digits = found["year"] + found["month"] + found["day"] + found["time"].ljust(SECONDS, "0")
    moment = datetime.strptime(digits + "+0000", "%Y%m%d%H%M%S%z").replace(tzinfo=zone)
    if found["zone"]:
        hours, minutes = int(found["zone"][:3]), int(found["zone"][0] + found["zone"][3:])
        offset = timedelta(hours=hours, minutes=minutes)
        moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{signed(offset)}")
    text = moment.isoformat()
    return text[:19] + (found["fraction"] or "") + text[19:]


def signed(offset: timedelta) -> str:
    """An offset as ISO 8601 writes it."""
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def instant_of(moment: str, zone: tzinfo) -> datetime:
    """A date or dateTime of FHIR as an instant in UTC."""
    padded = moment + "-01" * (2 - moment.count("-")) if len(moment) < 10 else moment
    found = datetime.fromisoformat(padded)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
