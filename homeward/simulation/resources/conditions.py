"""Conditions: the problem list, and the diagnosis of each stay and visit."""

from datetime import datetime, timedelta
from random import Random

from homeward.simulation.chance import fresh_id
from homeward.simulation.clock import stamp
from homeward.simulation.health import diseases
from homeward.simulation.lives import Life
from homeward.simulation.resources.parts import HL7, ICD_10_CM, Known, Resource, concept, to
from homeward.simulation.stays import Stay
from homeward.simulation.visits import COMPLAINTS, Visit


def problem_list(rng: Random, life: Life) -> list[Known]:
    """One Condition for each chronic disease, recorded at first contact; onset a month or year."""
    person = life.patient.person
    found = []
    for name in life.patient.health.diseases:
        disease = diseases()[name]
        began = max(person.born.year, life.entered.year - rng.randint(1, 14))
        onset = f"{began}-{rng.randint(1, 12):02d}" if rng.random() < 0.5 else str(began)
        if began == person.born.year:
            onset = str(began)
        resource = condition(person.id, fresh_id(rng), (disease.code, disease.display))
        resource["category"] = [concept(f"{HL7}condition-category", "problem-list-item")]
        resource["onsetDateTime"] = onset
        resource["recordedDate"] = stamp(life.entered)
        found.append(Known(life.entered, resource))
    return found


def stay_condition(patient_id: str, stay: Stay) -> Known:
    """The principal diagnosis of a stay, recorded within its first hours."""
    code = (stay.reason.code, stay.reason.display)
    return encounter_condition(
        condition(patient_id, stay.condition_id, code), stay.id, stay.began + timedelta(hours=2)
    )


def visit_condition(patient_id: str, visit: Visit, complaint: str) -> Known:
    """The diagnosis of an emergency visit."""
    code = (complaint, COMPLAINTS[complaint])
    return encounter_condition(
        condition(patient_id, visit.condition_id, code),
        visit.id,
        visit.began + timedelta(minutes=30),
    )


def encounter_condition(resource: Resource, encounter_id: str, recorded_at: datetime) -> Known:
    """The Condition as a diagnosis of that encounter."""
    resource["category"] = [concept(f"{HL7}condition-category", "encounter-diagnosis")]
    resource["encounter"] = to("Encounter", encounter_id)
    resource["recordedDate"] = stamp(recorded_at)
    return Known(recorded_at, resource)


def condition(patient_id: str, condition_id: str, code: tuple[str, str]) -> Resource:
    """What every Condition has; `code` is (ICD-10-CM, its words)."""
    return {
        "resourceType": "Condition",
        "id": condition_id,
        "clinicalStatus": concept(f"{HL7}condition-clinical", "active"),
        "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed"),
        "code": concept(ICD_10_CM, *code),
        "subject": to("Patient", patient_id),
    }
