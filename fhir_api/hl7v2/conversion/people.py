"""Practitioner, PractitionerRole and RelatedPerson from XCN fields and NK1.

https://hl7.org/fhir/uv/v2mappings/ (XCN[Practitioner], NK1[RelatedPerson])
"""

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import (
    address,
    contact_point,
    filled,
    human_name,
    identifier,
    several,
    staff_name,
)
from fhir_api.hl7v2.wire.message import Message, Segment, Value

XCN_AUTHORITY, XCN_TYPE = 9, 13


def practitioner(person: Value, assembly: Assembly) -> Json | None:
    """A reference to the practitioner of an XCN; None when it gives no number.

    A name alone tells no two people apart, and is not stored anyway.
    """
    number = person.part(1)
    if not number:
        return None
    naming = assembly.naming
    scope = naming.scope_of(person, XCN_AUTHORITY, XCN_TYPE)
    named = filled(
        type=assembly.vocabulary.concept("0203", person.part(XCN_TYPE)),
        system=naming.system_of(person, XCN_AUTHORITY, XCN_TYPE),
        value=number,
    )
    name = staff_name(person)
    return assembly.add(
        filled(
            resourceType="Practitioner",
            id=naming.id_of("Practitioner", scope, number),
            identifier=[named],
            name=[name] if name else [],
        )
    )


def role_at(practitioner_reference: Json, organization: Json, assembly: Assembly) -> Json:
    """A reference to what a practitioner is at an organization."""
    parts = (practitioner_reference["reference"], organization["reference"])
    return assembly.add(
        {
            "resourceType": "PractitionerRole",
            "id": assembly.naming.id_of("PractitionerRole", *parts),
            "practitioner": practitioner_reference,
            "organization": organization,
        }
    )


def related_people(message: Message, assembly: Assembly) -> None:
    """A RelatedPerson for each NK1 that says anything of somebody."""
    for nk1 in message.all("NK1"):
        made = related_person(nk1, assembly)
        if made is not None:
            assembly.add(made)


def related_person(nk1: Segment, assembly: Assembly) -> Json | None:
    """The RelatedPerson of an NK1; None for one without name and number.

    It is told from the patient's others by its own number, else by name and relationship.
    """
    name, number = nk1.value(2), nk1.value(33)
    if not name and not number.part():
        return None
    told = (number.part(),) if number.part() else (name.text(), nk1.text(3))
    tables = assembly.vocabulary
    relationships = [tables.concept("0063", nk1.text(3)), tables.concept("0131", nk1.text(7))]
    clock = assembly.clock
    return filled(
        resourceType="RelatedPerson",
        id=assembly.naming.id_of("RelatedPerson", assembly.patient, *told),
        identifier=several(nk1, 33, lambda value: identifier(value, assembly.naming)),
        patient=assembly.subject,
        relationship=[each for each in relationships if each],
        name=several(nk1, 2, human_name),
        telecom=several(nk1, 5, contact_point) + several(nk1, 6, contact_point),
        gender=tables.code("0001", nk1.text(15)),
        birthDate=clock.day(nk1, 16),
        address=several(nk1, 4, address),
        period=filled(start=clock.day(nk1, 8), end=clock.day(nk1, 9)),
    )
