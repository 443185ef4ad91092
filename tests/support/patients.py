"""A small identified patient as a client would send it, for tests of the hooks.

Ann was in hospital in January, came back in May, and is discharged on 1 June 2024 at 12:00 UTC.
"""

import base64
from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]

ANN = "ann-4711"
STAY = "stay-0815"
EARLIER_STAY = "stay-0123"
NOTE = "Lives alone. Missed the last two appointments."


def patient(patient_id: str = ANN, **given: Any) -> Resource:
    """A woman born in 1950."""
    named = {"name": [{"family": "Canaryworth", "given": ["Annabella"]}]}
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "gender": "female",
        "birthDate": "1950-03-14",
        **named,
        **given,
    }


def encounter(encounter_id: str = STAY, **given: Any) -> Resource:
    """An inpatient stay from 28 May to 1 June 2024."""
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{ANN}"},
        "period": {"start": "2024-05-28T08:00:00Z", "end": "2024-06-01T12:00:00Z"},
        **given,
    }


def earlier_encounter() -> Resource:
    """The stay in January."""
    period = {"start": "2024-01-03T08:00:00Z", "end": "2024-01-09T12:00:00Z"}
    return encounter(EARLIER_STAY, period=period)


def open_encounter() -> Resource:
    """The stay while it lasts."""
    return encounter(status="in-progress", period={"start": "2024-05-28T08:00:00Z"})


def condition(condition_id: str = "heart-failure", **given: Any) -> Resource:
    """Heart failure, recorded in the stay."""
    icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I50.9"}
    return {
        "resourceType": "Condition",
        "id": condition_id,
        "code": {"coding": [icd]},
        "subject": {"reference": f"Patient/{ANN}"},
        "encounter": {"reference": f"Encounter/{STAY}"},
        "recordedDate": "2024-05-28T09:00:00Z",
        **given,
    }


def observation(observation_id: str = "sodium", value: float = 131, **given: Any) -> Resource:
    """Sodium in serum, 31 May."""
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": observation_id,
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2951-2"}]},
        "subject": {"reference": f"Patient/{ANN}"},
        "encounter": {"reference": f"Encounter/{STAY}"},
        "effectiveDateTime": "2024-05-31T06:00:00Z",
        "valueQuantity": {
            "value": value,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
        **given,
    }


def document(text: str = NOTE, document_id: str = "summary") -> Resource:
    """A discharge summary of 31 May."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": document_id,
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
        "subject": {"reference": f"Patient/{ANN}"},
        "date": "2024-05-31T10:00:00Z",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        "context": {"encounter": [{"reference": f"Encounter/{STAY}"}]},
    }


def searchset(*resources: Mapping[str, Any]) -> Resource:
    """What a search gives."""
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    found: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return found | ({"entry": entries} if entries else {})


def discharge_prefetch() -> Resource:
    """What a client that sends everything sends at discharge."""
    return {
        "patient": patient(),
        "encounter": encounter(),
        "encounters": searchset(encounter(), earlier_encounter()),
        "conditions": searchset(condition()),
        "observations": searchset(observation()),
        "medications": None,
        "procedures": searchset(),
        "documents": searchset(document()),
    }


def discharge_call(**given: Any) -> Resource:
    """An encounter-discharge call about Ann; `given` replaces fields."""
    return {
        "hook": "encounter-discharge",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/dr-no", "patientId": ANN, "encounterId": STAY},
        "prefetch": discharge_prefetch(),
        **given,
    }


def view_call(**given: Any) -> Resource:
    """A patient-view call about Ann, with nothing but her Patient sent along."""
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/dr-no", "patientId": ANN},
        "prefetch": {"patient": patient()},
        **given,
    }
