"""The hospital as resources: organisations, practitioners, their roles, wards."""

from collections.abc import Iterator

from homeward.simulation.hospital import (
    NPI_SYSTEM,
    SPECIALTIES,
    Clinician,
    Hospital,
    Place,
    Ward,
)
from homeward.simulation.people import Address
from homeward.simulation.resources.parts import HL7, Resource, concept, to, to_place

NUCC = "http://nucc.org/provider-taxonomy"


def hospital_resources(hospital: Hospital) -> Iterator[Resource]:
    """All resources that are there before the first patient, those referred to first."""
    yield from (organization(place) for place in hospital.places)
    yield from (practitioner(clinician) for clinician in hospital.clinicians)
    for one in hospital.clinicians:
        yield role(one, hospital.places[one.place])
    for ward in hospital.wards:
        yield location(ward, hospital.places[ward.place])


def organization(place: Place) -> Resource:
    """An Organization with its National Provider Identifier."""
    return {
        "resourceType": "Organization",
        "id": place.id,
        "identifier": [{"system": NPI_SYSTEM, "value": place.npi}],
        "active": True,
        "type": [concept(f"{HL7}organization-type", "prov", "Healthcare Provider")],
        "name": place.name,
        "telecom": [{"system": "phone", "value": place.phone, "use": "work"}],
        "address": [address(place.address, "work")],
    }


def practitioner(clinician: Clinician) -> Resource:
    """A Practitioner with their National Provider Identifier."""
    return {
        "resourceType": "Practitioner",
        "id": clinician.id,
        "identifier": [{"system": NPI_SYSTEM, "value": clinician.npi}],
        "active": True,
        "name": [{"family": clinician.name.family, "given": clinician.name.given.split(" ")}],
        "gender": clinician.gender,
    }


def role(clinician: Clinician, place: Place) -> Resource:
    """What a practitioner does and where."""
    specialty = concept(NUCC, clinician.specialty, SPECIALTIES[clinician.specialty])
    profession = "nurse" if clinician.is_nurse else "doctor"
    return {
        "resourceType": "PractitionerRole",
        "id": clinician.role_id,
        "active": True,
        "practitioner": to("Practitioner", clinician.id),
        "organization": to_place(place),
        "code": [concept(f"{HL7}practitioner-role", profession)],
        "specialty": [specialty],
    }


def location(ward: Ward, place: Place) -> Resource:
    """A ward."""
    return {
        "resourceType": "Location",
        "id": ward.id,
        "status": "active",
        "name": f"{ward.name}, {place.name}",
        "mode": "instance",
        "managingOrganization": to_place(place),
    }


def address(place: Address, use: str = "home") -> Resource:
    """An Address."""
    return {
        "use": use,
        "line": [place.line],
        "city": place.city,
        "state": place.state,
        "postalCode": place.zip_code,
        "country": "US",
    }
