"""The Patient, alive and, if it comes to that, deceased."""

from collections.abc import Iterator

from homeward.simulation.clock import stamp
from homeward.simulation.hospital import OWN, Clinician
from homeward.simulation.lives import Life
from homeward.simulation.people import Name, Person, Relative
from homeward.simulation.resources.hospital import address
from homeward.simulation.resources.parts import (
    HL7,
    Known,
    Resource,
    concept,
    to_clinician,
    to_place,
)

MRN_SYSTEM = "http://mercy-valley.example.org/mrn"
SSN_SYSTEM = "http://hl7.org/fhir/sid/us-ssn"
RELATIONSHIP = {
    "daughter": "DAUC", "son": "SONC", "wife": "WIFE", "husband": "HUSB", "sister": "SIS",
    "brother": "BRO", "niece": "NIECE", "nephew": "NEPHEW", "neighbor": "NBOR",
}  # fmt: skip


def patient_versions(life: Life, gp: Clinician) -> Iterator[Known]:
    """The Patient as registered, and again with the moment of death."""
    alive = patient(life, gp)
    yield Known(life.entered, alive)
    if life.died_at is not None:
        yield Known(life.died_at, {**alive, "deceasedDateTime": stamp(life.died_at)})


def patient(life: Life, gp: Clinician) -> Resource:
    """The Patient as the registration desk writes it."""
    person = life.patient.person
    return {
        "resourceType": "Patient",
        "id": person.id,
        "identifier": identifiers(person),
        "active": True,
        "name": [human_name(person.name, "official")],
        "telecom": [
            {"system": "phone", "value": person.phone, "use": "home"},
            {"system": "email", "value": person.email},
        ],
        "gender": person.gender,
        "birthDate": person.born.isoformat(),
        "address": [address(person.home)],
        "maritalStatus": concept(f"{HL7}v3-MaritalStatus", "M" if person.married else "S"),
        "contact": [contact(person.relative)],
        "communication": [{"language": concept("urn:ietf:bcp:47", "en-US"), "preferred": True}],
        "generalPractitioner": [to_clinician(gp)],
        "managingOrganization": to_place(life.patient.hospital.places[OWN]),
    }


def identifiers(person: Person) -> list[Resource]:
    """Medical record number and social security number."""
    return [
        {
            "use": "usual",
            "type": concept(f"{HL7}v2-0203", "MR", "Medical record number"),
            "system": MRN_SYSTEM,
            "value": person.mrn,
        },
        {
            "type": concept(f"{HL7}v2-0203", "SS", "Social Security number"),
            "system": SSN_SYSTEM,
            "value": person.ssn,
        },
    ]


def human_name(name: Name, use: str) -> Resource:
    """A HumanName."""
    return {"use": use, "family": name.family, "given": name.given.split(" ")}


def contact(relative: Relative) -> Resource:
    """The relative to call."""
    return {
        "relationship": [concept(f"{HL7}v3-RoleCode", RELATIONSHIP[relative.relation])],
        "name": human_name(relative.name, "usual"),
        "telecom": [{"system": "phone", "value": relative.phone}],
    }
