"""One ADT message to a transaction Bundle, given what was known of its patient and visit.

A message that is older than the newest one applied to its patient, or to its visit, changes
neither: the Patient, or the Encounter, stays as the newer message made it. What such a message
tells of other resources is stored where nothing is stored yet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fhir_api.hl7v2.conversion.assembly import (
    ENCOUNTER,
    OF_PATIENT,
    OF_VISIT,
    PATIENT,
    Assembly,
    Json,
    Key,
)
from fhir_api.hl7v2.conversion.clinical import allergies, diagnoses, procedures
from fhir_api.hl7v2.conversion.coverage import coverages
from fhir_api.hl7v2.conversion.encounter import encounter
from fhir_api.hl7v2.conversion.identity import naming_of, patient_numbers
from fhir_api.hl7v2.conversion.observation import observations
from fhir_api.hl7v2.conversion.patient import merged, patient
from fhir_api.hl7v2.conversion.people import related_people
from fhir_api.hl7v2.conversion.times import Clock
from fhir_api.hl7v2.conversion.visit import after_event
from fhir_api.hl7v2.conversion.vocabulary import Vocabulary
from fhir_api.hl7v2.wire.message import Message, Segment
from fhir_api.hl7v2.wire.refusals import MISSING, SEQUENCE, Place, Refused

NO_VISIT, MERGE = "no-visit", "merge"
CLOCKS_APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What the messages before have left of a patient or a visit.

    Attributes:
        newest: Event time of the newest message applied.
        resource: The Patient or Encounter as it was made; None where the site keeps none.
    """

    newest: datetime
    resource: Json | None = None


@dataclass(slots=True)
class Conversion:
    """What a message comes to.

    Attributes:
        bundle: The transaction to store.
        known: What is known from now on, by type and id.
        late: Types and ids of what a newer message had made already.
    """

    bundle: Json
    known: dict[Key, Known] = field(default_factory=dict)
    late: set[Key] = field(default_factory=set)


def subjects_of(message: Message, event: str, vocabulary: Vocabulary) -> list[Key]:
    """The patients and the visit that a message may change; the message's own patient first."""
    naming, rule = naming_of(message, vocabulary), vocabulary.events[event]
    found: list[Key] = []
    for pid, mrg in pairs(message, rule):
        found.append((PATIENT, naming.patient(patient_numbers(pid), pid.place(3))))
        if mrg is not None:
            found.append((PATIENT, naming.patient(mrg.values(1), mrg.place(1))))
            if found[-1] == found[-2]:
                raise Refused(SEQUENCE, mrg.place(1), "a patient cannot be merged with itself.")
    if has_visit(message, rule):
        visit = naming.visit(found[0][1], message.first("PID"), message.first("PV1"))
        found.append((ENCOUNTER, visit))
    return found


def pairs(message: Message, rule: str) -> list[tuple[Segment, Segment | None]]:
    """The PID of the message or, of a merge, each PID with its MRG."""
    if rule != MERGE:
        return [(needed(message, "PID"), None)]
    found: list[tuple[Segment, Segment | None]] = []
    pid = needed(message, "PID")
    needed(message, "MRG")
    for segment in message.segments:
        pid = segment if segment.name == "PID" else pid
        if segment.name == "MRG":
            found.append((pid, segment))
    return found


def needed(message: Message, name: str) -> Segment:
    """The first segment of a name; raises Refused when there is none."""
    segment = next(message.all(name), None)
    if segment is None:
        raise Refused(MISSING, Place(name), "the segment is missing.")
    return segment


def has_visit(message: Message, rule: str) -> bool:
    """Whether the message tells of a visit: the event does, and PV1 does not say `N`."""
    if rule in {NO_VISIT, MERGE}:
        return False
    return needed(message, "PV1").text(2) != "N"


def event_time(message: Message, clock: Clock) -> datetime:
    """By which messages are put in order: EVN-2, else MSH-7, else when it came.

    A time that lies ahead of our clock is not believed: it would shut out all that follow.
    """
    told = ((message.first("EVN"), 2), (message.header, 7))
    for segment, number in told:
        moment = clock.instant(segment, number)
        if moment is not None and moment <= clock.received_at + CLOCKS_APART:
            return moment
    return clock.received_at


def convert(
    message: Message,
    event: str,
    vocabulary: Vocabulary,
    clock: Clock,
    known: Mapping[Key, Known],
) -> Conversion:
    """The transaction of a message, and what is known after it."""
    rule, moment = vocabulary.events[event], event_time(message, clock)
    result = Conversion({})
    subjects = subjects_of(message, event, vocabulary)
    result.late = {key for key in subjects if key in known and moment < known[key].newest}
    visit = next((id_ for kind, id_ in subjects if kind == ENCOUNTER), None)
    assembly = Assembly(naming_of(message, vocabulary), clock, subjects[0][1], visit)
    if rule == MERGE:
        merge(message, assembly, known, result)
    else:
        tell(message, event, assembly, known, result)
    changed = {key: assembly.resources.get(key) for key in subjects if key not in result.late}
    result.known |= {key: Known(moment, resource) for key, resource in changed.items()}
    result.bundle = assembly.bundle()
    return result


def tell(
    message: Message,
    event: str,
    assembly: Assembly,
    known: Mapping[Key, Known],
    result: Conversion,
) -> None:
    """Make the resources of a message about one patient."""
    whose: Key = (PATIENT, assembly.patient)
    told = patient(message, message.first("PID"), assembly)
    if whose not in result.late:
        assembly.add({"active": True} | told.over(resource_of(known, whose)))
    visit = encounter(message, assembly) if assembly.visit else None
    diagnoses(message, visit, assembly)
    procedures(message, assembly)
    observations(message, assembly)
    allergies(message, assembly)
    related_people(message, assembly)
    coverages(message, assembly)
    if visit is not None and (ENCOUNTER, assembly.visit) not in result.late:
        earlier = resource_of(known, (ENCOUNTER, str(assembly.visit)))
        assembly.add(after_event(visit, message, event, earlier, assembly))


def merge(
    message: Message, assembly: Assembly, known: Mapping[Key, Known], result: Conversion
) -> None:
    """Make the two Patients of each PID and MRG; a merge stands however late it comes."""
    naming = assembly.naming
    for pid, mrg in pairs(message, MERGE):
        if mrg is None:
            continue
        assembly.patient = naming.patient(patient_numbers(pid), pid.place(3))
        new: Key = (PATIENT, assembly.patient)
        old: Key = (PATIENT, naming.patient(mrg.values(1), mrg.place(1)))
        earlier = assembly.resources.get(new) or resource_of(known, new)
        told = patient(message, pid, assembly)
        stays = earlier and new in result.late
        survivor = {"active": True} | (dict(earlier or {}) if stays else told.over(earlier))
        before = assembly.resources.get(old) or resource_of(known, old)
        assembly.add(merged(survivor, before, mrg, assembly))
        assembly.add(survivor)
    result.late.clear()


def resource_of(known: Mapping[Key, Known], key: Key) -> Json | None:
    """The resource as it was known, or None."""
    return known[key].resource if key in known else None


def without_stored(bundle: Json, late: Collection[Key], stored: Collection[Key]) -> Json:
    """The transaction of a late message without what is stored already.

    Args:
        bundle: As converted.
        late: Patients and visits that a newer message had made.
        stored: Which of its resources are stored, by type and id.
    """
    kinds = {kind for kind, _ in late}
    guarded = (OF_PATIENT if PATIENT in kinds else frozenset()) | (
        OF_VISIT if ENCOUNTER in kinds else frozenset()
    )
    kept = [each for each in bundle["entry"] if may_stay(each, guarded, stored)]
    return bundle | {"entry": kept}


def may_stay(entry: Json, guarded: Collection[str], stored: Collection[Key]) -> bool:
    """Whether an entry of a late message may be carried out."""
    kind, _, id_ = entry["request"]["url"].partition("/")
    if kind not in guarded:
        return True
    return entry["request"]["method"] == "PUT" and (kind, id_) not in stored
