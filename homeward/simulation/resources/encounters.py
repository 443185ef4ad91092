"""Encounters: stays with their principal diagnosis and disposition, and other visits."""

from collections.abc import Iterator

from homeward.simulation.clock import stamp
from homeward.simulation.hospital import Hospital
from homeward.simulation.resources.parts import (
    HL7,
    SNOMED,
    Known,
    Resource,
    coding,
    concept,
    to,
    to_clinician,
    to_place,
)
from homeward.simulation.stays import Stay
from homeward.simulation.visits import Visit

NUBC = "https://www.nubc.org/CodeSystem/PatDischargeStatus"
DISPOSITIONS: dict[str, tuple[str | None, str, str]] = {
    "home": ("home", "01", "Discharged to home or self care (routine discharge)"),
    "home_health": ("home", "06", "Discharged to home under care of organized home health service"),
    "nursing": ("snf", "03", "Discharged to skilled nursing facility"),
    "rehabilitation": ("rehab", "62", "Discharged to an inpatient rehabilitation facility"),
    "hospice": (None, "50", "Hospice - home"),
    "against_advice": ("aadvice", "07", "Left against medical advice or discontinued care"),
    "transferred": (None, "02", "Discharged to a short-term general hospital"),
    "died": ("exp", "20", "Expired"),
}
"""HL7 discharge-disposition (None: it has no code for it), NUBC patient discharge status."""

CLASS_WORDS = {"IMP": "inpatient encounter", "EMER": "emergency", "AMB": "ambulatory"}
TYPES = {
    "IMP": ("32485007", "Hospital admission (procedure)"),
    "EMER": ("4525004", "Emergency department patient visit (procedure)"),
    "AMB": ("185349003", "Encounter for check up (procedure)"),
}


def stay_versions(stay: Stay, problems: list[str], frame: Resource) -> Iterator[Known]:
    """The stay while it goes on, and when it has ended.

    Args:
        stay: The stay.
        problems: Ids of the Conditions on the problem list.
        frame: What `stay_frame` made.
    """
    going_on = {**frame, "status": "in-progress", "period": {"start": stamp(stay.began)}}
    yield Known(stay.began, going_on)
    yield Known(stay.ended, {**frame, **ending(stay, problems)})


def stay_frame(patient_id: str, stay: Stay, hospital: Hospital, ward: str) -> Resource:
    """What is true of a stay from its first moment."""
    priority = ("EM", "emergency") if stay.reason.is_emergency else ("EL", "elective")
    return {
        **visit_frame(patient_id, stay.id, "IMP"),
        "priority": concept(f"{HL7}v3-ActPriority", *priority),
        "participant": [participant(stay)],
        "hospitalization": {"admitSource": concept(f"{HL7}admit-source", stay.source)},
        "location": [{"location": to("Location", hospital.ward(stay.place, ward).id)}],
        "serviceProvider": to_place(hospital.places[stay.place]),
    }


def ending(stay: Stay, problems: list[str]) -> Resource:
    """What is known of a stay once it has ended."""
    disposition = disposition_concept(stay)
    source = concept(f"{HL7}admit-source", stay.source)
    return {
        "status": "finished",
        "period": {"start": stamp(stay.began), "end": stamp(stay.ended)},
        "diagnosis": [
            diagnosis(stay.condition_id, "DD", 1),
            *(diagnosis(problem, "CM", rank) for rank, problem in enumerate(problems, start=2)),
        ],
        "hospitalization": {"admitSource": source, "dischargeDisposition": disposition},
    }


def diagnosis(condition_id: str, use: str, rank: int) -> Resource:
    """One diagnosis of a stay; DD with rank 1 is the principal one, CM a comorbidity."""
    return {
        "condition": to("Condition", condition_id),
        "use": concept(f"{HL7}diagnosis-role", use),
        "rank": rank,
    }


def disposition_concept(stay: Stay) -> Resource:
    """Where the patient went: HL7's code where there is one, and NUBC's."""
    hl7, nubc, words = DISPOSITIONS[stay.disposition]
    codings = [coding(NUBC, nubc, words)]
    if hl7 is not None:
        codings.insert(0, coding(f"{HL7}discharge-disposition", hl7))
    return {"coding": codings}


def participant(stay: Stay) -> Resource:
    """The attending physician."""
    return {
        "type": [concept(f"{HL7}v3-ParticipationType", "ATND", "attender")],
        "individual": to_clinician(stay.doctor),
    }


def visit_frame(patient_id: str, encounter_id: str, kind: str) -> Resource:
    """The parts that every Encounter has."""
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": coding(f"{HL7}v3-ActCode", kind, CLASS_WORDS[kind]),
        "type": [concept(SNOMED, *TYPES[kind])],
        "subject": to("Patient", patient_id),
    }


def visit_encounter(patient_id: str, visit: Visit, hospital: Hospital) -> Known:
    """A visit to the emergency department or the clinic."""
    resource = {
        **visit_frame(patient_id, visit.id, visit.kind),
        "participant": [{"individual": to_clinician(visit.doctor)}],
        "period": {"start": stamp(visit.began), "end": stamp(visit.ended)},
        "serviceProvider": to_place(hospital.places[visit.place]),
    }
    if visit.complaint is not None:
        resource["diagnosis"] = [diagnosis(visit.condition_id, "DD", 1)]
    return Known(visit.ended, resource)
