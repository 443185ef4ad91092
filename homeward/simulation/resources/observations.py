"""Observations: laboratory results and vital signs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from homeward.simulation.chance import fresh_id
from homeward.simulation.clock import stamp
from homeward.simulation.labs import Lab, Result, labs
from homeward.simulation.resources.parts import (
    HL7,
    LOINC,
    UCUM,
    Known,
    Resource,
    concept,
    quantity,
    to,
)
from homeward.simulation.vitals import Vitals

LABORATORY_TAKES = timedelta(minutes=50)
VITAL_SIGNS = {
    "pulse": ("8867-4", "Heart rate", "/min"),
    "breaths": ("9279-1", "Respiratory rate", "/min"),
    "temperature": ("8310-5", "Body temperature", "Cel"),
    "saturation": ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"),
    "weight": ("29463-7", "Body weight", "kg"),
}
PRESSURES = {
    "systolic": ("8480-6", "Systolic blood pressure", "mm[Hg]"),
    "diastolic": ("8462-4", "Diastolic blood pressure", "mm[Hg]"),
}
FLAG_WORDS = {"LL": "Critical low", "L": "Low", "N": "Normal", "H": "High", "HH": "Critical high"}


def lab_observation(rng: Random, patient_id: str, encounter_id: str, result: Result) -> Known:
    """A laboratory result, known when the laboratory issues it."""
    lab = labs()[result.lab]
    flag = lab.flag(result.value)
    issued = result.taken_at + LABORATORY_TAKES
    resource = {
        **observation(fresh_id(rng), patient_id, encounter_id, "laboratory"),
        "code": concept(LOINC, lab.code, lab.display),
        "effectiveDateTime": stamp(result.taken_at),
        "issued": stamp(issued),
        "valueQuantity": quantity(lab, result.value),
        "interpretation": [concept(f"{HL7}v3-ObservationInterpretation", flag, FLAG_WORDS[flag])],
        "referenceRange": [reference_range(lab)],
    }
    return Known(issued, resource)


def reference_range(lab: Lab) -> Resource:
    """The range a laboratory prints beside a result."""
    return {"low": quantity(lab, lab.low), "high": quantity(lab, lab.high)}


def vital_observations(
    rng: Random, patient_id: str, encounter_id: str, vitals: Vitals
) -> Iterator[Known]:
    """The vital signs taken at one moment: blood pressure as a panel, the others one by one."""
    taken_at = vitals.taken_at
    yield Known(taken_at, blood_pressure(rng, patient_id, encounter_id, vitals))
    for name, (code, display, unit) in VITAL_SIGNS.items():
        value = getattr(vitals, name)
        if value is None:
            continue
        resource = vital(fresh_id(rng), patient_id, encounter_id, taken_at)
        resource["code"] = concept(LOINC, code, display)
        resource["valueQuantity"] = measured(value, unit)
        yield Known(taken_at, resource)


def blood_pressure(rng: Random, patient_id: str, encounter_id: str, vitals: Vitals) -> Resource:
    """The blood pressure panel."""
    resource = vital(fresh_id(rng), patient_id, encounter_id, vitals.taken_at)
    resource["code"] = concept(LOINC, "85354-9", "Blood pressure panel with all children optional")
    resource["component"] = [
        {
            "code": concept(LOINC, code, display),
            "valueQuantity": measured(getattr(vitals, name), unit),
        }
        for name, (code, display, unit) in PRESSURES.items()
    ]
    return resource


def vital(observation_id: str, patient_id: str, encounter_id: str, taken_at: datetime) -> Resource:
    """What every vital sign has."""
    return {
        **observation(observation_id, patient_id, encounter_id, "vital-signs"),
        "effectiveDateTime": stamp(taken_at),
        "issued": stamp(taken_at),
    }


def observation(observation_id: str, patient_id: str, encounter_id: str, category: str) -> Resource:
    """What every Observation has."""
    return {
        "resourceType": "Observation",
        "id": observation_id,
        "status": "final",
        "category": [concept(f"{HL7}observation-category", category)],
        "subject": to("Patient", patient_id),
        "encounter": to("Encounter", encounter_id),
    }


def measured(value: float, unit: str) -> Resource:
    """A value with a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
