"""Encounter: coming in, going out, and what is said about the stay as a whole.

https://hl7.org/fhir/R4/encounter.html (R5 `admission` is read as R4 `hospitalization`).
What is only known at the end (disposition, discharge and billing diagnoses) becomes available at
the end; while the encounter is open it carries no time of its own.
ADMISSION and DISCHARGE carry in `numeric_value` the minutes by which the clock they were written
by is ahead of UTC, so that labels can count calendar days as the hospital does.
"""

from collections.abc import Iterator
from datetime import datetime

from etl.events.event import Event
from etl.events.reading import (
    Json,
    Source,
    any_reference_id,
    coding_pairs,
    first_code,
    minutes_east,
    moment,
    period,
)

NEVER_BEGUN = frozenset({"planned", "cancelled", "entered-in-error"})
ENDED = frozenset({"finished", "discharged", "completed", "unknown"})
KNOWN_AT_START = frozenset({"AD", "CC", "pre-op"})
UNKNOWN = "UNKNOWN"


def encounter_events(resource: Json, about: Source) -> Iterator[Event]:
    """All events of one Encounter; none when it was never begun or has no start."""
    start, end = period(resource)
    if resource.get("status") in NEVER_BEGUN or not start:
        return
    source = about._replace(encounter_id=about.resource_id)
    ended = end if resource.get("status") in ENDED else None
    yield admission(resource, source, start)
    yield from said_at_start(resource, source, moment(start))
    if ended:
        yield discharge(resource, source, ended)
    yield from known_at_end(resource, source, moment(ended))
    yield from diagnoses(resource, source, moment(start), moment(ended))


def admission(resource: Json, source: Source, start: str) -> Event:
    """ADMISSION//class with the hospital as its text."""
    code = f"ADMISSION//{encounter_class(resource)}"
    hospital = any_reference_id(resource.get("serviceProvider"))
    return source.event(
        code, moment(start), number=minutes_east(start), text=hospital, unit="min"
    )  # fmt: skip


def discharge(resource: Json, source: Source, end: str) -> Event:
    """DISCHARGE//disposition; UNKNOWN where the site does not say."""
    disposition = first_code(stay_part(resource).get("dischargeDisposition")) or UNKNOWN
    return source.event(
        f"DISCHARGE//{disposition}", moment(end), number=minutes_east(end), unit="min"
    )


def encounter_class(resource: Json) -> str:
    """The class code; R5 has a list of concepts where R4 has one Coding."""
    given = resource.get("class") or {}
    if isinstance(given, list):
        return (first_code(given[0]) if given else None) or UNKNOWN
    return str(given.get("code") or UNKNOWN)


def stay_part(resource: Json) -> Json:
    """What R4 calls hospitalization and R5 admission; empty when there is neither."""
    part: Json = resource.get("hospitalization") or resource.get("admission") or {}
    return part


def said_at_start(resource: Json, source: Source, start: datetime | None) -> Iterator[Event]:
    """Type, service, priority, reason, source of admission, and the stay this is a part of."""
    concepts = [("ENCOUNTER_TYPE", concept) for concept in resource.get("type", ())]
    concepts += [("SERVICE", resource.get("serviceType"))] if "serviceType" in resource else []
    concepts += [("PRIORITY", resource.get("priority"))]
    concepts += [("REASON", concept) for concept in resource.get("reasonCode", ())]
    concepts += [("ADMIT_SOURCE", stay_part(resource).get("admitSource"))]
    for kind, concept in concepts:
        for pair in coding_pairs(concept):
            yield source.event(f"{kind}//{pair}", start)
    whole = any_reference_id(resource.get("partOf"))
    if whole:
        yield source.event("PART_OF", start, text=whole)


def known_at_end(resource: Json, source: Source, end: datetime | None) -> Iterator[Event]:
    """DISPOSITION//system//code for each coding."""
    for pair in coding_pairs(stay_part(resource).get("dischargeDisposition")):
        yield source.event(f"DISPOSITION//{pair}", end)


def diagnoses(
    resource: Json, source: Source, start: datetime | None, end: datetime | None
) -> Iterator[Event]:
    """ENCOUNTER_DX//use with the Condition's id as text and the rank as number."""
    for diagnosis in resource.get("diagnosis", ()):
        condition = any_reference_id(diagnosis.get("condition"))
        if condition:
            use = first_code(diagnosis.get("use")) or UNKNOWN
            rank = diagnosis.get("rank")
            yield source.event(
                f"ENCOUNTER_DX//{use}",
                start if use in KNOWN_AT_START else end,
                number=None if rank is None else float(rank),
                text=condition,
            )
