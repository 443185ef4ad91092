"""The kinds of resource that say one coded thing at one time; each is a line of the table below.

https://hl7.org/fhir/R4/resourcelist.html. A line names the concepts that become the code, the
elements that give the time (the first one present) and those that say when it could be known (the
latest one present).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from etl.events.event import Event
from etl.events.reading import Json, Source, any_reference_id, coding_pairs, later, moment

NOT_SO = frozenset({"entered-in-error", "not-done", "cancelled", "draft", "revoked", "preparation"})


class Shape(NamedTuple):
    """How one resource type tells its fact."""

    kind: str
    concepts: tuple[str, ...]
    happened: tuple[str, ...]
    known: tuple[str, ...] = ()
    told: str | None = None  # the element whose code becomes the event's text


SHAPES = {
    "Procedure": Shape(
        "PROCEDURE",
        ("code",),
        ("performedDateTime", "performedPeriod.start"),
        ("performedPeriod.end",),
    ),
    "AllergyIntolerance": Shape(
        "ALLERGY", ("code",), ("onsetDateTime", "recordedDate"), ("recordedDate",)
    ),
    "Immunization": Shape(
        "IMMUNIZATION", ("vaccineCode",), ("occurrenceDateTime", "recorded"), ("recorded",)
    ),
    "ServiceRequest": Shape("ORDER", ("code",), ("authoredOn",)),
    "DeviceRequest": Shape("DEVICE_ORDER", ("codeCodeableConcept",), ("authoredOn",)),
    "NutritionOrder": Shape("DIET", ("oralDiet.type",), ("dateTime",)),
    "CarePlan": Shape(
        "CARE_PLAN", ("category", "activity.detail.code"), ("period.start", "created"), ("created",)
    ),
    "CareTeam": Shape("CARE_TEAM", ("category", "reasonCode"), ("period.start",)),
    "Goal": Shape("GOAL", ("description",), ("startDate", "statusDate")),
    "Device": Shape("DEVICE", ("type",), ()),
    "DeviceUseStatement": Shape("DEVICE_USE", ("reasonCode",), ("recordedOn",)),
    "SupplyDelivery": Shape(
        "SUPPLY", ("suppliedItem.itemCodeableConcept", "type"), ("occurrenceDateTime",)
    ),
    "ImagingStudy": Shape("IMAGING_STUDY", ("procedureCode", "modality"), ("started",)),
    "FamilyMemberHistory": Shape("FAMILY_HISTORY", ("condition.code",), ("date",)),
    "Flag": Shape("FLAG", ("code",), ("period.start",)),
    "Coverage": Shape("COVERAGE", ("type",), ("period.start",)),
    "EpisodeOfCare": Shape("EPISODE_OF_CARE", ("type",), ("period.start",)),
    "Task": Shape(
        "TASK",
        ("code",),
        ("executionPeriod.start", "authoredOn"),
        ("executionPeriod.end", "lastModified"),
        told="status",
    ),
    "Appointment": Shape(
        "APPOINTMENT", ("appointmentType", "serviceType"), ("start",), told="status"
    ),
}


def recorded_events(resource: Json, source: Source) -> Iterator[Event]:
    """KIND//system//code for each coding of the fact; none for what did not happen."""
    if resource.get("status") in NOT_SO or verification(resource) in NOT_SO:
        return
    shape = SHAPES[resource["resourceType"]]
    time = first_moment(resource, shape.happened)
    known = later(*(moment(text) for path in shape.known for text in at(resource, path)))
    text = resource.get(shape.told) if shape.told else None
    for path in shape.concepts:
        for concept in at(resource, path):
            for pair in coding_pairs(as_concept(concept)):
                yield source.event(f"{shape.kind}//{pair}", time, known, text=text)
    if shape.kind == "COVERAGE":
        yield from payers(resource, source, time)


def payers(resource: Json, source: Source, time: datetime | None) -> Iterator[Event]:
    """PAYER//id of each organisation that pays."""
    for payor in resource.get("payor", ()):
        payer_id = any_reference_id(payor)
        if payer_id:
            yield source.event(f"PAYER//{payer_id}", time)


def first_moment(resource: Json, paths: tuple[str, ...]) -> datetime | None:
    """The moment at the first path that is there."""
    found = (moment(text) for path in paths for text in at(resource, path))
    return next(found, None)


def at(resource: Any, path: str) -> list[Any]:
    """All elements at a dotted path, through lists; empty when there are none."""
    found = [resource]
    for name in path.split("."):
        inner = [element[name] for element in found if name in element]
        found = [each for element in inner for each in _listed(element)]
    return found


def _listed(element: Any) -> list[Any]:
    return element if isinstance(element, list) else [element]


def as_concept(given: Json) -> Json:
    """A Coding (such as a modality) as a concept of one coding."""
    return {"coding": [given]} if "code" in given and "coding" not in given else given


def verification(resource: Json) -> str | None:
    """Code of the verification status, which allergies have."""
    pairs = coding_pairs(resource.get("verificationStatus"))
    return next((pair.rpartition("//")[2] for pair in pairs), None)
