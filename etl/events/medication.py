"""Medications: ordered, given, dispensed, or said to be taken.

https://hl7.org/fhir/R4/medications-module.html. The four R4 resources name the medicine the same
way: a concept, a contained Medication, or a reference to one (then its id stands for the code).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from etl.events.event import Event
from etl.events.observation import NOTHING, Value, quantity
from etl.events.reading import Json, Source, coding_pairs, first_code, moment, period, unversioned

KINDS = {
    "MedicationRequest": "MEDICATION_REQUEST",
    "MedicationAdministration": "MEDICATION_ADMINISTRATION",
    "MedicationStatement": "MEDICATION_STATEMENT",
    "MedicationDispense": "MEDICATION_DISPENSE",
}
NOT_SO = frozenset(
    {"entered-in-error", "cancelled", "draft", "not-done", "not-taken", "declined", "preparation"}
)
NOT_ORDERED = frozenset({"proposal", "option"})


def medication_events(resource: Json, source: Source) -> Iterator[Event]:
    """KIND//system//code with the dose as number and the category (such as discharge) as text."""
    if resource.get("status") in NOT_SO or resource.get("intent") in NOT_ORDERED:
        return
    kind = KINDS[resource["resourceType"]]
    time, available = times(resource)
    given = dose(resource)
    for pair in medicine_codes(resource):
        yield source.event(
            f"{kind}//{pair}",
            time,
            available,
            number=given.number,
            text=category(resource),
            unit=given.unit,
        )


def times(resource: Json) -> tuple[datetime | None, datetime | None]:
    """When it was ordered, given or taken, and when that could be known."""
    if resource["resourceType"] == "MedicationRequest":
        return moment(resource.get("authoredOn")), None
    if resource["resourceType"] == "MedicationDispense":
        return moment(resource.get("whenHandedOver") or resource.get("whenPrepared")), None
    start, end = period(resource, "effectivePeriod")
    time = moment(resource.get("effectiveDateTime") or start)
    if resource["resourceType"] == "MedicationAdministration":
        return time, moment(end)
    asserted = moment(resource.get("dateAsserted"))
    return time or asserted, asserted


def medicine_codes(resource: Json) -> Iterator[str]:
    """`system//code` of the medicine, or `Medication//id` where only a reference names it."""
    yield from coding_pairs(resource.get("medicationCodeableConcept"))
    target = (resource.get("medicationReference") or {}).get("reference", "")
    if target.startswith("#"):
        for contained in resource.get("contained", ()):
            if contained.get("id") == target[1:]:
                yield from coding_pairs(contained.get("code"))
    elif target:
        yield f"Medication//{unversioned(target).rpartition('/')[2]}"


def category(resource: Json) -> str | None:
    """The first category: inpatient, outpatient, community or discharge, in R4's own words.

    It is a list of concepts in a MedicationRequest and one concept in the other three.
    """
    given: Any = resource.get("category")
    if isinstance(given, Mapping):
        return first_code(given)
    return first_code(given[0]) if given else None


def dose(resource: Json) -> Value:
    """The dose given, or the first dose ordered; ranges and rates give nothing."""
    administered = resource.get("dosage")
    if isinstance(administered, Mapping):
        return quantity(administered.get("dose") or {})
    for instruction in resource.get("dosageInstruction") or administered or ():
        for amount in instruction.get("doseAndRate", ()):
            if "doseQuantity" in amount:
                return quantity(amount["doseQuantity"])
    return NOTHING
