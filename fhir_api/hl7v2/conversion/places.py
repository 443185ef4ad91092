"""Location and Organization from PL, HD and XON fields.

https://hl7.org/fhir/uv/v2mappings/ (PL[Location], HD[Organization], XON[Organization])
"""

from typing import Any

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import filled
from fhir_api.hl7v2.wire.message import Message, Segment, Value

PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
ORGANIZATION_TYPE = "http://terminology.hl7.org/CodeSystem/organization-type"
LEVELS = ((4, "si"), (7, "bu"), (8, "lvl"), (1, "wa"), (2, "ro"), (3, "bd"))  # PL, outermost first


def location(given: Value, assembly: Assembly) -> Json | None:
    """A reference to the innermost place of a PL, which is part of the next, and so on outwards."""
    path: tuple[str, ...] = (assembly.naming.facility,)
    part_of: Json | None = None
    for component, kind in LEVELS:
        name = given.part(component)
        if name:
            path = (*path, kind, name)
            part_of = place(path, part_of, assembly)
    return part_of


def place(path: tuple[str, ...], part_of: Json | None, assembly: Assembly) -> Json:
    """One Location, named by everything around it."""
    *_, kind, name = path
    return assembly.add(
        filled(
            resourceType="Location",
            id=assembly.naming.id_of("Location", *path),
            name=name,
            mode="instance",
            physicalType={"coding": [{"system": PHYSICAL_TYPE, "code": kind}]},
            partOf=part_of,
        )
    )


def facility(message: Message, pv1: Segment, assembly: Assembly) -> Json | None:
    """The Organization that cares for the patient: PV1-39, else the sending facility of MSH-4."""
    servicing = pv1.text(39)
    if servicing:
        return organization((assembly.naming.facility, servicing), servicing, "prov", assembly)
    sending = message.header.value(4)
    if not sending.part(1):
        return None
    system = assembly.vocabulary.authority("", sending.part(2), sending.part(3))
    universal = [{"system": "urn:ietf:rfc:3986", "value": system}] if system else []
    name = sending.part(1)
    return organization((name,), name, "prov", assembly, identifier=universal)


def department(pv1: Segment, part_of: Json | None, assembly: Assembly) -> Json | None:
    """The Organization of the hospital service of PV1-10, part of the facility."""
    service = pv1.text(10)
    if not service:
        return None
    path = (assembly.naming.facility, "service", service)
    return organization(path, service, "dept", assembly, partOf=part_of)


def organization(
    path: tuple[str, ...], name: str, kind: str, assembly: Assembly, **more: Any
) -> Json:
    """A reference to an Organization with a name and a type of R4's organization-type."""
    return assembly.add(
        filled(
            resourceType="Organization",
            id=assembly.naming.id_of("Organization", *path),
            type=[{"coding": [{"system": ORGANIZATION_TYPE, "code": kind}]}],
            name=name,
            **more,
        )
    )
