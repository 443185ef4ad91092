"""Small readings of FHIR R4 JSON that every kind of resource needs: times, codes, references."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from etl.events.errors import UnreadableTime
from etl.events.event import Event

Json = Mapping[str, Any]

PATIENT_ELEMENTS = ("subject", "patient", "beneficiary", "for")
ENCOUNTER_ELEMENTS = ("encounter", "context")
MINUTE = timedelta(minutes=1)


class Source(NamedTuple):
    """Which resource speaks, of whom, and within which encounter."""

    patient_id: str
    resource_type: str
    resource_id: str
    encounter_id: str | None

    def event(
        self,
        code: str,
        time: datetime | None,
        available: datetime | None = None,
        *,
        number: float | None = None,
        text: str | None = None,
        unit: str | None = None,
    ) -> Event:
        """One event; `available` is never earlier than `time`, and is `time` when not given."""
        known = time if available is None else later(time, available)
        return Event(
            self.patient_id, time, known, code, number, text, unit,
            self.resource_type, self.resource_id, self.encounter_id,
        )  # fmt: skip


def source_of(resource: Json) -> Source | None:
    """Whose fact the resource tells; None when it is not about one patient."""
    patient_id = patient_of(resource)
    if patient_id is None:
        return None
    encounter_id = reference_id(resource, ENCOUNTER_ELEMENTS, "Encounter/")
    return Source(patient_id, resource["resourceType"], resource["id"], encounter_id)


def patient_of(resource: Json) -> str | None:
    """The one patient the resource is about; None for a group, a device or nobody."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    return reference_id(resource, PATIENT_ELEMENTS, "Patient/")


def reference_id(resource: Json, elements: tuple[str, ...], prefix: str) -> str | None:
    """The id in the first of `elements` that refers to the type in `prefix`."""
    for element in elements:
        target = resource.get(element)
        if isinstance(target, Mapping) and target.get("reference", "").startswith(prefix):
            return unversioned(str(target["reference"]))[len(prefix) :]
    return None


def any_reference_id(reference: Json | None) -> str | None:
    """The id at the end of `Type/id`; None without a reference."""
    text = (reference or {}).get("reference")
    return unversioned(text).rpartition("/")[2] or None if text else None


def unversioned(reference: str) -> str:
    """A reference without the version that it may name."""
    return reference.partition("/_history/")[0]


@lru_cache(maxsize=65_536)
def moment(text: str | None) -> datetime | None:
    """A FHIR date, dateTime or instant as a UTC moment; a partial one stands at its start.

    >>> moment("2020-03")
    datetime.datetime(2020, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)

    Raises:
        UnreadableTime: The text is none of the three.
    """
    written = as_written(text)
    if written is None:
        return None
    try:
        return written.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, which some systems write for "always"
        return written.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def minutes_east(text: str | None) -> float | None:
    """Minutes that the clock the text was written by is ahead of UTC.

    >>> minutes_east("2020-01-01T23:30:00-05:00")
    -300.0
    """
    offset = written.utcoffset() if (written := as_written(text)) else None
    return None if offset is None else offset / MINUTE


def as_written(text: str | None) -> datetime | None:
    """The moment on the clock it was written by; dates without a time zone stand in UTC."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat((text + "-01-01"[len(text) - 4 :])[:10] + leap(text[10:]))
    except ValueError:
        raise UnreadableTime from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def leap(clock: str) -> str:
    """The time of day with a leap second taken back by one; Python counts to 59."""
    return clock.replace(":60", ":59", 1) if clock[6:9] == ":60" else clock


def later(*moments: datetime | None) -> datetime | None:
    """The latest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if known else None


def coding_pairs(concept: Json | None) -> Iterator[str]:
    """`system//code` of each coding that has a code, each once, in the order they stand."""
    seen = set()
    for coding in (concept or {}).get("coding", ()):
        pair = f"{coding.get('system', '')}//{coding['code']}" if coding.get("code") else None
        if pair and pair not in seen:
            seen.add(pair)
            yield pair


def first_code(concept: Json | None) -> str | None:
    """The bare code of the first coding that has one."""
    pair = next(coding_pairs(concept), None)
    return None if pair is None else pair.rpartition("//")[2]


def period(resource: Json, element: str = "period") -> tuple[str | None, str | None]:
    """Start and end of a Period as they are written."""
    given = resource.get(element) or {}
    return given.get("start"), given.get("end")
