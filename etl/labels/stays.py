"""Stays: encounters as wholes, put together from a patient's events.

A part of another encounter (an intensive care part, the emergency hours before admission) is
rolled up into that encounter. Days are calendar days on the clock the hospital wrote by.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from etl.events.event import Event
from etl.events.table import order
from etl.labels.dispositions import destination
from etl.rules import SiteRules

DISCHARGE_USES = frozenset({"DD", "billing"})


@dataclass(frozen=True, slots=True)
class Stay:
    """One encounter of any class, its parts included.

    Attributes:
        encounter_id: Pseudonym of the encounter.
        parts: Pseudonyms of the encounters that are parts of it.
        encounter_class: `Encounter.class` code.
        admitted_at: UTC.
        discharged_at: UTC; None while it is open.
        admitted_on: Calendar day of admission at the hospital.
        discharged_on: Calendar day of discharge at the hospital.
        minutes_east: Minutes by which the hospital's clock was ahead of UTC at admission.
        hospital: Pseudonym of the organisation that provides it; None when not said.
        destination: Where the patient went (`dispositions.toml`); None when not known.
        principal: `system//code` of each coding of the principal diagnosis; empty when unknown.
        procedures: `system//code` of all procedures, sorted.
        types: `system//code` of the encounter's types.
        services: `system//code` of the hospital service.
        emergency: Whether it or a part of it is of an emergency class.
    """

    encounter_id: str
    parts: tuple[str, ...]
    encounter_class: str
    admitted_at: datetime
    discharged_at: datetime | None
    admitted_on: date
    discharged_on: date | None
    minutes_east: float
    hospital: str | None
    destination: str | None
    principal: tuple[str, ...]
    procedures: tuple[str, ...]
    types: tuple[str, ...]
    services: tuple[str, ...]
    emergency: bool


def stays_of(events: Sequence[Event], rules: SiteRules) -> list[Stay]:
    """All encounters that are no part of another one, in the order of admission."""
    told = by_encounter(events)
    wholes = whole_of(told)
    parts = defaultdict(list)
    for encounter_id, whole in wholes.items():
        if encounter_id != whole:
            parts[whole].append(encounter_id)
    diagnoses = condition_codes(events)
    stays = (
        stay(whole, sorted(parts[whole]), told, diagnoses, rules) for whole in {*wholes.values()}
    )
    return sorted(stays, key=lambda each: (each.admitted_at, each.encounter_id))


Told = Mapping[str, list[tuple[str, str, Event]]]  # encounter: kind, rest of the code, event


def by_encounter(events: Iterable[Event]) -> Told:
    """Events that name an encounter, by encounter, with their code parted after the first word."""
    told = defaultdict(list)
    for event in events:
        if event.encounter_id is not None:
            kind, _, rest = event.code.partition("//")
            told[event.encounter_id].append((kind, rest, event))
    return told


def whole_of(told: Told) -> dict[str, str]:
    """The outermost known encounter for each encounter that has an admission."""
    begun = {
        name
        for name, lines in told.items()
        if any(kind == "ADMISSION" and event.time is not None for kind, _, event in lines)
    }
    above = {
        name: event.text_value
        for name in begun
        for kind, _, event in told[name]
        if kind == "PART_OF" and event.text_value in begun
    }
    return {name: outermost(name, above) for name in begun}


def outermost(name: str, above: Mapping[str, str | None]) -> str:
    """Up the chain of parts; a chain that runs in a circle ends where it meets itself."""
    seen = {name}
    while (whole := above.get(name)) is not None and whole not in seen:
        name = whole
        seen.add(name)
    return name


def condition_codes(events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    """Codings of each Condition, by its id."""
    codes = defaultdict(set)
    for event in events:
        if event.resource_type == "Condition" and event.code.startswith("DIAGNOSIS//"):
            codes[event.resource_id].add(event.code.partition("//")[2])
    return {condition: tuple(sorted(found)) for condition, found in codes.items()}


def stay(
    whole: str,
    parts: Sequence[str],
    told: Told,
    diagnoses: Mapping[str, tuple[str, ...]],
    rules: SiteRules,
) -> Stay:
    """One stay from the events of an encounter and its parts."""
    own = told[whole]
    lines = [line for name in (whole, *parts) for line in told[name]]
    admission = min((event for kind, _, event in own if kind == "ADMISSION"), key=order)
    discharge = max(
        (event for kind, _, event in own if kind == "DISCHARGE"), key=order, default=None
    )
    assert admission.time is not None
    return Stay(
        encounter_id=whole,
        parts=tuple(parts),
        encounter_class=admission.code.partition("//")[2],
        admitted_at=admission.time,
        discharged_at=discharge.time if discharge else None,
        admitted_on=calendar_day(admission.time, admission.numeric_value),
        discharged_on=discharge_day(discharge),
        minutes_east=admission.numeric_value or 0.0,
        hospital=admission.text_value,
        destination=destination(codes(own, "DISPOSITION")),
        principal=principal_diagnosis(own, diagnoses),
        procedures=codes(lines, "PROCEDURE"),
        types=codes(own, "ENCOUNTER_TYPE"),
        services=codes(own, "SERVICE"),
        emergency=any(
            kind == "ADMISSION" and rest in rules.emergency_classes for kind, rest, _ in lines
        ),
    )


def codes(lines: Iterable[tuple[str, str, Event]], wanted: str) -> tuple[str, ...]:
    """Sorted distinct `system//code` of the events of one kind."""
    return tuple(sorted({rest for kind, rest, _ in lines if kind == wanted}))


def calendar_day(time: datetime, minutes_east: float | None) -> date:
    """The day at the hospital, by the minutes its clock is ahead of UTC."""
    return (time + timedelta(minutes=minutes_east or 0.0)).date()


def discharge_day(discharge: Event | None) -> date | None:
    """The day of discharge at the hospital; None while the stay is open."""
    if discharge is None or discharge.time is None:
        return None
    return calendar_day(discharge.time, discharge.numeric_value)


def principal_diagnosis(
    lines: Iterable[tuple[str, str, Event]], diagnoses: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The encounter's discharge or billing diagnosis of rank 1, else the claim's first one."""
    claims = [
        (kind, rest, event) for kind, rest, event in lines if kind.startswith(("ENC", "CLAIM"))
    ]
    ranked = sorted(
        (event.numeric_value, rest not in DISCHARGE_USES, event.text_value or "")
        for kind, rest, event in claims
        if kind == "ENCOUNTER_DX" and event.numeric_value is not None
    )
    for rank, _, condition in ranked:
        if rank == 1 and condition in diagnoses:
            return diagnoses[condition]
    return billed_first(claims, diagnoses)


def billed_first(
    claims: Iterable[tuple[str, str, Event]], diagnoses: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Codes of the diagnosis in the first place of the encounter's claims."""
    first = [
        (rest, event.text_value) for kind, rest, event in claims if is_first_claim(kind, event)
    ]
    written = sorted(rest for rest, _ in first if rest)
    referred = sorted(code for _, condition in first for code in diagnoses.get(condition or "", ()))
    return tuple(written or referred)


def is_first_claim(kind: str, event: Event) -> bool:
    """Whether the event is the diagnosis in the first place of a claim."""
    return kind == "CLAIM_DX" and event.numeric_value == 1
