"""Observation: what was measured, with its parts and whether it was abnormal.

https://hl7.org/fhir/R4/observation.html. One event for each code of the observation and of each of
its components. An abnormal result adds ABNORMAL//system//code//flag, from `interpretation` or,
where that is silent, from the reference range.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from etl.events.event import Event
from etl.events.reading import Json, Source, coding_pairs, first_code, later, moment, period
from etl.events.units import converted

UNTOLD = frozenset({"registered", "cancelled", "entered-in-error"})
KINDS = {
    "laboratory": "LAB",
    "vital-signs": "VITAL",
    "social-history": "SOCIAL",
    "survey": "SURVEY",
    "imaging": "IMAGING",
}
NORMAL_FLAGS = frozenset({"N", "NEG", "ND", "NR", "S", "IND", "IE", "MS"})
LONGEST_TEXT = 32


class Value(NamedTuple):
    """What an observation found; a number with its unit, a coded or short text, or nothing."""

    number: float | None = None
    unit: str | None = None
    text: str | None = None


NOTHING = Value()


def observation_events(resource: Json, source: Source) -> Iterator[Event]:
    """Events of one Observation; none when it is not (or no longer) a result."""
    if resource.get("status") in UNTOLD or "dataAbsentReason" in resource:
        return
    kind = kind_of(resource)
    time, available = times(resource)
    parts = resource.get("component", ())
    own = value_of(resource)
    if own is not NOTHING or not parts:
        yield from finding(resource, source, kind, own, (time, available))
    for part in parts:
        if "dataAbsentReason" not in part:
            yield from finding(part, source, kind, value_of(part), (time, available))


def kind_of(resource: Json) -> str:
    """The first word of the event's code, from the category."""
    for category in resource.get("category", ()):
        for pair in coding_pairs(category):
            kind = KINDS.get(pair.rpartition("//")[2])
            if kind:
                return kind
    return "OBSERVATION"


def times(resource: Json) -> tuple[datetime | None, datetime | None]:
    """When it was true of the patient, and when the result was out."""
    start, end = period(resource, "effectivePeriod")
    issued = moment(resource.get("issued"))
    effective = resource.get("effectiveDateTime") or resource.get("effectiveInstant") or start
    time = moment(effective) or issued
    return time, later(time, moment(end), issued)


def finding(
    part: Json,
    source: Source,
    kind: str,
    value: Value,
    times: tuple[datetime | None, datetime | None],
) -> Iterator[Event]:
    """Events of one observed thing, for each of its codes."""
    time, available = times
    flag = abnormal_flag(part, value)
    for pair in coding_pairs(part.get("code")):
        number, unit = value.number, value.unit
        if number is not None:
            number, unit = converted(pair, number, unit)
        code = f"{kind}//{pair}"
        yield source.event(code, time, available, number=number, text=value.text, unit=unit)
        if flag:
            yield source.event(f"ABNORMAL//{pair}//{flag}", time, available)


def value_of(part: Json) -> Value:  # noqa: PLR0911  # one line for each type R4 allows
    """The value[x] of an observation or component."""
    if "valueQuantity" in part:
        return quantity(part["valueQuantity"])
    if "valueCodeableConcept" in part:
        code = first_code(part["valueCodeableConcept"])
        return Value(text=code) if code else NOTHING
    if "valueInteger" in part:
        return Value(number=float(part["valueInteger"]))
    if "valueBoolean" in part:
        return Value(number=float(part["valueBoolean"]))
    if "valueString" in part:
        return text_value(part["valueString"])
    if "valueRatio" in part:
        return ratio(part["valueRatio"])
    return NOTHING


def quantity(given: Json) -> Value:
    """A Quantity's number and UCUM code; its comparator (as in <5) is not kept."""
    if given.get("value") is None:
        return NOTHING
    return Value(number=float(given["value"]), unit=given.get("code") or given.get("unit"))


def ratio(given: Json) -> Value:
    """Numerator over denominator; nothing when the denominator is nought."""
    over, under = given.get("numerator", {}).get("value"), given.get("denominator", {}).get("value")
    return Value(number=float(over) / float(under)) if over is not None and under else NOTHING


def text_value(text: str | None) -> Value:
    """A short text; a text that is a number counts as that number, a long one as nothing."""
    if not text or len(text) > LONGEST_TEXT:
        return NOTHING
    digits = text.strip()
    if digits.replace(".", "", 1).removeprefix("-").isdecimal():
        return Value(number=float(digits))
    return Value(text=digits)


def abnormal_flag(part: Json, value: Value) -> str | None:
    """The flag of an abnormal result, such as H or LL; None for a normal or unjudged one."""
    for interpretation in part.get("interpretation", ()):
        code = first_code(interpretation)
        if code:
            return None if code in NORMAL_FLAGS else code
    return range_flag(part, value.number)


def range_flag(part: Json, number: float | None) -> str | None:
    """H or L by the first reference range, if it has an unconditional bound."""
    ranges = part.get("referenceRange", ())
    if number is None or not ranges:
        return None
    low, high = (ranges[0].get(bound, {}).get("value") for bound in ("low", "high"))
    if low is not None and number < low:
        return "L"
    return "H" if high is not None and number > high else None
