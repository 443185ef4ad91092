"""A hospital small enough to see at a glance, written into a real store."""

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from fhir_api.store.repository import ResourceStore
from privacy.records import CleanResource

SITE = "north"
FIRST_DAY = datetime(2020, 1, 1, 8, tzinfo=UTC)
Json = dict[str, Any]


def store_of(engine: Engine) -> ResourceStore:
    """The store of the test hospital."""
    return ResourceStore(engine, SITE, "test-policy")


def put(engine: Engine, *resources: Mapping[str, Any]) -> None:
    """Store resources as one transaction, as ingest would after cleaning them."""
    store_of(engine).write([clean(resource) for resource in resources])


def clean(resource: Mapping[str, Any]) -> CleanResource:
    """A resource that is free of identifiers to begin with."""
    kind, owner = resource["resourceType"], resource.get("subject", {}).get("reference", "")
    patient_id = resource["id"] if kind == "Patient" else owner.removeprefix("Patient/") or None
    return CleanResource(kind, resource["id"], patient_id, resource, ())


def person(patient_id: str, **elements: Any) -> Json:
    """A Patient born in 1950."""
    return {
        "resourceType": "Patient", "id": patient_id, "birthDate": "1950", "gender": "female",
        **elements,
    }  # fmt: skip


def stay(patient_id: str, name: str, day: int, days: int = 3, **elements: Any) -> Json:
    """A finished inpatient Encounter that begins `day` days after the first day."""
    begin = FIRST_DAY + timedelta(days=day)
    return of_patient(patient_id, "Encounter", name) | {
        "status": "finished",
        "class": {"code": "IMP"},
        "period": {"start": text(begin), "end": text(begin + timedelta(days=days))},
        **elements,
    }


def lab(patient_id: str, name: str, day: int, value: float, encounter: str | None = None) -> Json:
    """A haemoglobin in g/dL."""
    taken = text(FIRST_DAY + timedelta(days=day, hours=4))
    observation = of_patient(patient_id, "Observation", name) | {
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "effectiveDateTime": taken,
        "issued": taken,
        "valueQuantity": {
            "value": value, "code": "g/dL", "system": "http://unitsofmeasure.org",
        },
    }  # fmt: skip
    within = f"Encounter/{encounter}"
    return observation | ({"encounter": {"reference": within}} if encounter else {})


def note(patient_id: str, name: str, day: int, words: str, encounter: str) -> Json:
    """A discharge summary."""
    data = base64.b64encode(words.encode()).decode()
    return of_patient(patient_id, "DocumentReference", name) | {
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
        "date": text(FIRST_DAY + timedelta(days=day, hours=6)),
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        "context": {"encounter": [{"reference": f"Encounter/{encounter}"}]},
    }


def of_patient(patient_id: str, kind: str, name: str) -> Json:
    """The beginning of a resource; its id tells whose it is."""
    subject = {"reference": f"Patient/{patient_id}"}
    return {"resourceType": kind, "id": f"{patient_id}-{name}", "subject": subject}


def text(moment: datetime) -> str:
    """A moment as FHIR writes it."""
    return moment.isoformat()


def back_after(patient_id: str, days: int) -> Iterable[Json]:
    """A patient with a noted first stay, and a second one so many days after its end."""
    yield person(patient_id)
    yield stay(patient_id, "s1", day=0)
    yield lab(patient_id, "l1", day=1, value=9.5, encounter=f"{patient_id}-s1")
    words = f"Lives alone. Back after {days}?"
    yield note(patient_id, "n1", day=2, words=words, encounter=f"{patient_id}-s1")
    yield stay(patient_id, "s2", day=3 + days)
