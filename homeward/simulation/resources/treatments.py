"""Prescriptions and procedures of a stay, and the drugs a patient came with."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from homeward.simulation.chance import fresh_id
from homeward.simulation.clock import stamp
from homeward.simulation.hospital import Clinician
from homeward.simulation.lives import Life
from homeward.simulation.resources.parts import (
    HL7,
    ICD_10_PCS,
    RXNORM,
    Known,
    Resource,
    concept,
    to,
    to_clinician,
)
from homeward.simulation.stays import Stay
from homeward.simulation.tables.read import table

PRESCRIBED_BEFORE_LEAVING = timedelta(minutes=35)


def home_drugs(rng: Random, life: Life, gp: Clinician) -> Iterator[Known]:
    """What the patient took when the hospital first met them."""
    for drug in life.patient.health.drugs:
        resource = prescription(rng, life.patient.person.id, drug, "community")
        yield Known(life.entered, signed(resource, life.entered, gp))


def discharge_drugs(rng: Random, patient_id: str, stay: Stay) -> Iterator[Known]:
    """What the patient is sent home with; the dead get none."""
    if stay.disposition == "died":
        return
    moment = stay.ended - PRESCRIBED_BEFORE_LEAVING
    for drug in stay.drugs:
        resource = prescription(rng, patient_id, drug, "discharge")
        resource["encounter"] = to("Encounter", stay.id)
        yield Known(moment, signed(resource, moment, stay.doctor))


def prescription(rng: Random, patient_id: str, drug: str, category: str) -> Resource:
    """A MedicationRequest for a drug of the table."""
    row = table("drugs")[drug]
    return {
        "resourceType": "MedicationRequest",
        "id": fresh_id(rng),
        "status": "active",
        "intent": "order",
        "category": [concept(f"{HL7}medicationrequest-category", category)],
        "medicationCodeableConcept": concept(RXNORM, row["code"], row["display"]),
        "subject": to("Patient", patient_id),
        "dosageInstruction": [{"text": row["dosage"]}],
    }


def signed(resource: Resource, moment: datetime, clinician: Clinician) -> Resource:
    """The request with its hour and requester."""
    resource["authoredOn"] = stamp(moment)
    resource["requester"] = to_clinician(clinician)
    return resource


def procedures(rng: Random, patient_id: str, stay: Stay) -> Iterator[Known]:
    """The procedures of a stay: at once when arranged, else within its first day."""
    for number, code in enumerate(stay.procedures):
        wait = timedelta(hours=2 if not stay.reason.is_emergency else 4, minutes=25 * number)
        moment = stay.began + wait
        resource = {
            "resourceType": "Procedure",
            "id": fresh_id(rng),
            "status": "completed",
            "code": concept(ICD_10_PCS, code, table("procedures")[code]),
            "subject": to("Patient", patient_id),
            "encounter": to("Encounter", stay.id),
            "performedDateTime": stamp(moment),
            "performer": [{"actor": to_clinician(stay.doctor)}],
        }
        yield Known(moment + timedelta(hours=1), resource)
