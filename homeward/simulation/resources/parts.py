"""The small parts that resources are made of: codings, references, quantities."""

from datetime import datetime
from typing import Any, NamedTuple

from homeward.simulation.hospital import Clinician, Place
from homeward.simulation.labs import Lab

Resource = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"


class Known(NamedTuple):
    """A version of a resource and the local moment from which it was known."""

    known_at: datetime
    resource: Resource


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [coding(system, code, display)]}


def coding(system: str, code: str, display: str | None = None) -> Resource:
    """A Coding."""
    if display is None:
        return {"system": system, "code": code}
    return {"system": system, "code": code, "display": display}


def to(resource_type: str, resource_id: str) -> Resource:
    """A reference, `Type/id`; the Bundle it goes into may rename it."""
    return {"reference": f"{resource_type}/{resource_id}"}


def to_clinician(clinician: Clinician) -> Resource:
    """A reference to a practitioner, with the name as records carry it."""
    title = "RN" if clinician.is_nurse else "MD"
    return {
        "reference": f"Practitioner/{clinician.id}",
        "display": f"{clinician.name.full}, {title}",
    }


def to_place(place: Place) -> Resource:
    """A reference to an organisation."""
    return {"reference": f"Organization/{place.id}", "display": place.name}


def quantity(lab: Lab, value: float) -> Resource:
    """A value with the unit of its test."""
    shown: float = value if lab.digits else int(value)
    return {"value": shown, "unit": lab.unit, "system": UCUM, "code": lab.unit}
