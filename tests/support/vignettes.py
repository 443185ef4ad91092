"""Let a test draw a patient's stays as a table a clinician could read, with the verdict beside."""

from collections.abc import Mapping, Sequence
from typing import Any

from etl.events.event import Event
from etl.events.extract import events_of
from etl.labels.index import label_patient
from etl.rules import SiteRules

ANN = "p-ann"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SUBJECT = {"reference": f"Patient/{ANN}"}
NONE = "-"
Resource = dict[str, Any]


def rows(picture: str) -> list[dict[str, str]]:
    """The drawn rows; a cell that is `-` is left out."""
    header, *lines = [line.split() for line in picture.strip().splitlines()]
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    return [{name: cell for name, cell in row.items() if cell != NONE} for row in cells]


def stays(picture: str) -> list[Event]:
    """Events of Ann (born in 1950 unless other events say so) with the stays drawn."""
    resources = [resource for row in rows(picture) for resource in stay(row)]
    return told(patient("1950"), *resources)


def told(*resources: Mapping[str, Any]) -> list[Event]:
    """Events of all the resources."""
    return [event for resource in resources for event in events_of(resource)]


def patient(born: str, **elements: Any) -> Resource:
    return {"resourceType": "Patient", "id": ANN, "birthDate": born, **elements}


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def stay(row: Mapping[str, str]) -> list[Resource]:
    """Encounter, principal Condition and Procedure of one drawn row."""
    name = row["stay"]
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished" if "discharged" in row else "in-progress",
        "class": {"system": ACT, "code": row.get("class", "IMP")},
        "subject": SUBJECT,
        "period": {"start": row["admitted"], "end": row.get("discharged")},
        "hospitalization": {"dischargeDisposition": coded("", row.get("to", ""))},
    }
    if "hospital" in row:
        encounter["serviceProvider"] = {"reference": f"Organization/{row['hospital']}"}
    if "part_of" in row:
        encounter["partOf"] = {"reference": f"Encounter/{row['part_of']}"}
    return [encounter, *principal(encounter, row), *procedure(row)]


def principal(encounter: Resource, row: Mapping[str, str]) -> list[Resource]:
    if "diagnosis" not in row:
        return []
    name = f"{row['stay']}-dx"
    ranked = {"condition": {"reference": f"Condition/{name}"}, "use": coded("", "DD"), "rank": 1}
    encounter["diagnosis"] = [ranked]
    return [condition(name, row["diagnosis"], row["stay"])]


def condition(name: str, code: str, encounter: str, **elements: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": name,
        "subject": SUBJECT,
        "code": coded(ICD10, code),
        "encounter": {"reference": f"Encounter/{encounter}"},
        **elements,
    }


def procedure(row: Mapping[str, str]) -> list[Resource]:
    if "procedure" not in row:
        return []
    return [
        {
            "resourceType": "Procedure",
            "id": f"{row['stay']}-procedure",
            "status": "completed",
            "subject": SUBJECT,
            "code": coded(PCS, row["procedure"]),
            "encounter": {"reference": f"Encounter/{row['stay']}"},
            "performedDateTime": row["admitted"],
        }
    ]


def verdicts(events: Sequence[Event], rules: SiteRules) -> dict[str, str]:
    """What the label logic says of each encounter, in few words."""
    labels = label_patient(events, rules)
    said = {each.encounter_id: each.reason for each in labels.excluded}
    for index in labels.index:
        day = "" if index.event_day is None else f"_day_{index.event_day}"
        immature = "immature" if index.label is None else f"{index.event}{day}"
        said[index.encounter_id] = immature
    return said


def agrees(picture: str, *more: Mapping[str, Any], rules: SiteRules | None = None) -> bool:
    """Whether each stay's verdict is the one drawn; fails with both where it is not."""
    drawn = {row["stay"]: row["verdict"] for row in rows(picture)}
    found = verdicts([*stays(picture), *told(*more)], rules or SiteRules())
    assert found == drawn
    return True
