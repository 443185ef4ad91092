"""FHIR R4 resources of one patient of the UCI Diabetes-130 file.

    Patient               race or ethnicity, gender, year of birth from the age band at first sight
    Encounter             class IMP, priority, admission source, disposition, specialty, diagnoses
    Condition             diagnosis 1 to 3, ICD-9-CM, ranked by Encounter.diagnosis
    Observation           one of the counts and flags of the stay; one each for A1c and glucose
    MedicationStatement   one for each drug given, with its change of dose
    Coverage              who pays

Everything that is learned during a stay is dated to its discharge; nothing is dated later.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bench.uci import codes
from bench.uci.codes import TABLES, coding, concept
from bench.uci.facts import laboratory, stay_facts
from bench.uci.rows import Stay
from bench.uci.timeline import Visit, timeline

Resource = dict[str, Any]

GENDERS = {"Female": "female", "Male": "male"}
OUTSIDE = "outside-the-extract"
HOSPITAL = "every-hospital-of-the-file"
OTHER_HOSPITAL = "a-hospital-beyond-the-file"
PAYER = "whoever-pays"


def patient_resources(stays: Sequence[Stay]) -> Iterator[Resource]:
    """Every resource of one patient, the patient first and then stay by stay.

    Args:
        stays: Of one patient, oldest first, at least one.
    """
    visits = timeline(stays)
    yield patient(visits[0])
    for visit in visits:
        if visit.stay is None:
            yield outside_stay(stays[-1], visit)
        else:
            yield from stay_resources(visit.stay, visit)


def organizations() -> list[Resource]:
    """One hospital for all of the file, one for stays beyond it, and one for whoever pays."""
    return [
        {"resourceType": "Organization", "id": name, "active": True, "name": name}
        for name in (HOSPITAL, OTHER_HOSPITAL, PAYER)
    ]


def patient(first: Visit) -> Resource:
    """The Patient as known at the first stay; later rows are never looked at."""
    stay = _stay(first)
    resource: Resource = {
        "resourceType": "Patient",
        "id": str(stay.patient_nbr),
        "gender": GENDERS.get(stay.codes.get("gender", ""), "unknown"),
        "birthDate": str(first.admitted_at.year - band_middle(stay.codes["age"])),
    }
    extension = _race(stay.codes.get("race", ""))
    return resource | ({"extension": [extension]} if extension else {})


def stay_resources(stay: Stay, visit: Visit) -> Iterator[Resource]:
    """The Encounter of one stay and all that was found, done and given during it."""
    yield encounter(stay, visit)
    yield from conditions(stay, visit)
    yield stay_facts(stay, moment(visit.discharged_at))
    yield from laboratory(stay, moment(visit.discharged_at))
    yield from medications(stay, visit)
    yield from coverage(stay, visit)


def encounter(stay: Stay, visit: Visit) -> Resource:
    """The Encounter, with both the standard code and the file's own where there are both."""
    resource = _inpatient(str(stay.encounter_id), stay.patient_nbr, visit, HOSPITAL)
    priority = codes.translated(
        "admission_type", codes.ACT_PRIORITY, stay.codes.get("admission_type_id")
    )
    if priority:
        resource["priority"] = concept(*priority)
    specialty = stay.codes.get("medical_specialty")
    if specialty:
        resource["serviceType"] = concept(coding(f"{codes.UCI}-specialty", specialty))
    resource["hospitalization"] = _hospitalization(stay)
    resource["diagnosis"] = [
        {"condition": {"reference": f"Condition/{condition['id']}"}, "rank": rank}
        for rank, condition in enumerate(conditions(stay, visit), start=1)
    ]
    return {name: value for name, value in resource.items() if value}


def outside_stay(last: Stay, visit: Visit) -> Resource:
    """A readmission that the published label reports and the file does not hold.

    It has begun and its end is not known, so that it makes the label and is no index itself.
    """
    resource = _inpatient(f"{last.encounter_id}-{OUTSIDE}", last.patient_nbr, visit, OTHER_HOSPITAL)
    del resource["period"]["end"]
    return resource | {"status": "in-progress"}


def conditions(stay: Stay, visit: Visit) -> list[Resource]:
    """Diagnoses 1 to 3 in the order of the file; an empty place is skipped."""
    given = [stay.codes[name] for name in ("diag_1", "diag_2", "diag_3") if name in stay.codes]
    return [
        {
            "resourceType": "Condition",
            "id": f"{stay.encounter_id}-d{rank}",
            "subject": {"reference": f"Patient/{stay.patient_nbr}"},
            "encounter": {"reference": f"Encounter/{stay.encounter_id}"},
            "category": [
                concept(coding(f"{codes.TERMINOLOGY}/condition-category", "encounter-diagnosis"))
            ],
            "code": concept(coding(codes.ICD_9_CM, codes.icd9(code))),
            "recordedDate": moment(visit.discharged_at),
        }
        for rank, code in enumerate(given, start=1)
    ]


def medications(stay: Stay, visit: Visit) -> Iterator[Resource]:
    """One MedicationStatement for each drug given, coded by drug and by drug with its change."""
    for drug, change in stay.drugs.items():
        ingredient = TABLES["rxnorm"].get(drug)
        own = coding(codes.MEDICATION, f"{drug}-{change.lower()}")
        yield {
            "resourceType": "MedicationStatement",
            "id": f"{stay.encounter_id}-{drug}",
            "status": "completed",
            "subject": {"reference": f"Patient/{stay.patient_nbr}"},
            "context": {"reference": f"Encounter/{stay.encounter_id}"},
            "medicationCodeableConcept": concept(
                *([coding(codes.RXNORM, ingredient)] if ingredient else []), own
            ),
            "effectivePeriod": period(visit),
            "dateAsserted": moment(visit.discharged_at),
        }


def coverage(stay: Stay, visit: Visit) -> Iterator[Resource]:
    """Who pays for the stay, where the file says so."""
    payer = stay.codes.get("payer_code")
    if payer:
        yield {
            "resourceType": "Coverage",
            "id": f"{stay.encounter_id}-payer",
            "status": "active",
            "type": concept(coding(f"{codes.UCI}-payer", payer)),
            "beneficiary": {"reference": f"Patient/{stay.patient_nbr}"},
            "period": period(visit),
            "payor": [{"reference": f"Organization/{PAYER}"}],
        }


def band_middle(band: str) -> int:
    """Years in the middle of an age band.

    >>> band_middle("[70-80)")
    75
    """
    return int(band[1:].split("-", maxsplit=1)[0]) + 5


def moment(value: datetime) -> str:
    """A FHIR instant in UTC."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def period(visit: Visit) -> dict[str, str]:
    """A FHIR Period from admission to discharge."""
    return {"start": moment(visit.admitted_at), "end": moment(visit.discharged_at)}


def _inpatient(encounter_id: str, patient_nbr: int, visit: Visit, hospital: str) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": coding(codes.ACT_CODE, "IMP"),
        "subject": {"reference": f"Patient/{patient_nbr}"},
        "period": period(visit),
        "serviceProvider": {"reference": f"Organization/{hospital}"},
    }


def _hospitalization(stay: Stay) -> Resource:
    source = codes.translated(
        "admission_source", codes.ADMIT_SOURCE, stay.codes.get("admission_source_id")
    )
    disposition = codes.translated(
        "disposition", codes.NUBC_STATUS, stay.codes.get("discharge_disposition_id")
    )
    found = {"admitSource": source, "dischargeDisposition": disposition}
    return {name: concept(*codings) for name, codings in found.items() if codings}


def _race(race: str) -> Resource | None:
    for kind in ("race", "ethnicity"):
        code = TABLES[kind].get(race)
        if code:
            category = {"url": "ombCategory", "valueCoding": coding(codes.OMB, code)}
            text = {"url": "text", "valueString": race}
            return {"url": f"{codes.US_CORE}/us-core-{kind}", "extension": [category, text]}
    return None


def _stay(visit: Visit) -> Stay:
    if visit.stay is None:
        raise ValueError("The first visit of a patient is always a stay of the file.")
    return visit.stay
