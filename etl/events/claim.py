"""Claims: the coded diagnoses that were billed, and in which order.

https://hl7.org/fhir/R4/claim.html. Where an Encounter does not rank its diagnoses, the claim's
first one is the principal diagnosis (`etl/labels/stays.py`).
"""

from collections.abc import Iterator
from datetime import datetime

from etl.events.event import Event
from etl.events.reading import (
    Json,
    Source,
    any_reference_id,
    coding_pairs,
    moment,
    period,
    reference_id,
)

NOT_BILLED = frozenset({"cancelled", "draft", "entered-in-error"})


def claim_events(resource: Json, about: Source) -> Iterator[Event]:
    """CLAIM_DX with the place on the claim as number; the text is the Condition's id, if any."""
    if resource.get("status") in NOT_BILLED or resource.get("use", "claim") != "claim":
        return
    source = about._replace(encounter_id=claimed_encounter(resource))
    made = moment(resource.get("created"))
    start = moment(period(resource, "billablePeriod")[0]) or made
    for diagnosis in resource.get("diagnosis", ()):
        yield from billed_diagnosis(diagnosis, source, (start, made))


def billed_diagnosis(
    diagnosis: Json, source: Source, times: tuple[datetime | None, datetime | None]
) -> Iterator[Event]:
    """Events of one diagnosis on the claim, by reference and by code."""
    time, available = times
    place = float(diagnosis["sequence"])
    condition = any_reference_id(diagnosis.get("diagnosisReference"))
    if condition:
        yield source.event("CLAIM_DX", time, available, number=place, text=condition)
    for pair in coding_pairs(diagnosis.get("diagnosisCodeableConcept")):
        yield source.event(f"CLAIM_DX//{pair}", time, available, number=place)


def claimed_encounter(resource: Json) -> str | None:
    """The one encounter that all items name; None when they name several."""
    named = {
        reference_id({"encounter": encounter}, ("encounter",), "Encounter/")
        for item in resource.get("item", ())
        for encounter in item.get("encounter", ())
    }
    return named.pop() if len(named) == 1 else None
