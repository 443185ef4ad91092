"""Patient from PID and PD1, and the two Patients of a merge from PID and MRG.

https://hl7.org/fhir/uv/v2mappings/ (PID[Patient], PD1[Patient]); merge: HL7 v2.8, 3.3.40
"""

from fhir_api.hl7v2.conversion.assembly import PATIENT, Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import (
    address,
    contact_point,
    filled,
    human_name,
    identifier,
    several,
)
from fhir_api.hl7v2.conversion.draft import Draft
from fhir_api.hl7v2.conversion.people import practitioner
from fhir_api.hl7v2.conversion.places import organization
from fhir_api.hl7v2.wire.message import Message, Segment

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
SOCIAL_SECURITY = "http://hl7.org/fhir/sid/us-ssn"
REPLACES, REPLACED_BY = "replaces", "replaced-by"
TRUTHS = {"Y": True, "N": False}


def patient(message: Message, pid: Segment, assembly: Assembly) -> Draft:
    """The patient as the message tells it; `active` is the merges' to tell."""
    draft = Draft({"resourceType": PATIENT, "id": assembly.patient})
    tables, clock = assembly.vocabulary, assembly.clock
    draft.put("identifier", pid, 3, identifiers(pid, assembly))
    draft.put("name", pid, 5, several(pid, 5, human_name) + several(pid, 9, human_name))
    draft.put("telecom", pid, 13, several(pid, 13, contact_point) + several(pid, 14, contact_point))
    draft.put("gender", pid, 8, tables.code("0001", pid.text(8)))
    draft.put("birthDate", pid, 7, clock.day(pid, 7))
    draft.put("address", pid, 11, several(pid, 11, address))
    draft.put("maritalStatus", pid, 16, tables.concept("0002", pid.text(16)))
    language = tables.concept("0296", pid.text(15).lower())
    draft.put("communication", pid, 15, [{"language": language}] if language else [])
    put_death(draft, pid, assembly)
    put_category(draft, pid, (10, "0005", RACE), assembly)
    put_category(draft, pid, (22, "0189", ETHNICITY), assembly)
    put_general_practitioner(draft, message.first("PD1"), assembly)
    return draft


def identifiers(pid: Segment, assembly: Assembly) -> list[Json]:
    """PID-3, PID-2 and PID-4, and the social security number of PID-19; each once."""
    found = [
        each
        for field in (3, 2, 4)
        for each in several(pid, field, lambda value: identifier(value, assembly.naming))
        if "value" in each
    ]
    if number := pid.text(19):
        kind = assembly.vocabulary.concept("0203", "SS")
        found.append(filled(type=kind, system=SOCIAL_SECURITY, value=number))
    told = {(each.get("system"), each["value"]): each for each in reversed(found)}
    return list(reversed(told.values()))


def put_death(draft: Draft, pid: Segment, assembly: Assembly) -> None:
    """PID-29 and PID-30; a time of death says more than a yes."""
    died_at = assembly.clock.moment(pid, 29)
    draft.put("deceasedDateTime", pid, 29, died_at)
    if not died_at:
        draft.put("deceasedBoolean", pid, 30, TRUTHS.get(pid.text(30)))
    told = {"deceasedDateTime", "deceasedBoolean"} & set(draft.resource)
    if told:  # one of the two may stand in a Patient
        draft.deleted |= {"deceasedDateTime", "deceasedBoolean"} - told


def put_category(
    draft: Draft, pid: Segment, what: tuple[int, str, str], assembly: Assembly
) -> None:
    """Race or ethnicity as the extension of US Core, from a field by a table."""
    field, table, url = what
    codings = [
        coding
        for value in pid.values(field)
        if (coding := assembly.vocabulary.coding(table, value.part())) is not None
    ]
    parts = [{"url": "ombCategory", "valueCoding": coding} for coding in codings]
    words = pid.text(field, 2) or pid.text(field)
    told = {"url": url, "extension": [*parts, {"url": "text", "valueString": words}]}
    draft.put_member(f"extension|{url}", pid, field, told if parts else None)


def put_general_practitioner(draft: Draft, pd1: Segment, assembly: Assembly) -> None:
    """PD1-4, and the organization of PD1-3."""
    found = [practitioner(value, assembly) for value in pd1.values(4)]
    if name := pd1.text(3):
        path = (assembly.naming.facility, "primary", name)
        found.append(organization(path, name, "prov", assembly))
    draft.put("generalPractitioner", pd1, 4, [each for each in found if each])


def merged(survivor: Json, replaced: Json | None, mrg: Segment, assembly: Assembly) -> Json:
    """The Patient that a merge does away with; the survivor gets its link in place.

    Args:
        survivor: The Patient of PID, changed.
        replaced: What was known of the Patient of MRG-1, or None.
        mrg: The MRG segment.
        assembly: Whose naming made both ids.
    """
    numbers = several(mrg, 1, lambda value: identifier(value, assembly.naming))
    old = assembly.naming.patient(mrg.values(1), mrg.place(1))
    known = replaced or {"resourceType": PATIENT, "id": old, "identifier": numbers}
    linked(survivor, REPLACES, old)
    return linked(known | {"active": False}, REPLACED_BY, survivor["id"])


def linked(resource: Json, kind: str, other: str) -> Json:
    """A Patient with a link to another; the same link stands once."""
    link = {"other": {"reference": f"{PATIENT}/{other}"}, "type": kind}
    links = [each for each in resource.get("link", []) if each != link]
    resource["link"] = [*links, link]
    return resource
