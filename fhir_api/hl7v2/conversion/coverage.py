"""Coverage from IN1, with the insurance company as Organization.

https://hl7.org/fhir/uv/v2mappings/ (IN1[Coverage])
"""

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import concept, filled
from fhir_api.hl7v2.conversion.places import organization
from fhir_api.hl7v2.wire.message import Message, Segment

CLASS_TYPE = "http://terminology.hl7.org/CodeSystem/coverage-class"
PLAN, GROUP = (2, "plan"), (8, "group")


def coverages(message: Message, assembly: Assembly) -> None:
    """A Coverage for each IN1 that names a company; R4 needs to know who pays."""
    for in1 in message.all("IN1"):
        company = in1.text(3) or in1.text(4)
        if company:
            name = in1.text(4) or company
            path = (assembly.naming.facility, "insurer", company)
            payor = organization(path, name, "ins", assembly)
            assembly.add(coverage(in1, payor, assembly))


def coverage(in1: Segment, payor: Json, assembly: Assembly) -> Json:
    """The Coverage of an IN1; a plan of a company is one Coverage of a patient."""
    parts = (assembly.patient, payor["reference"], in1.text(2), in1.text(36))
    policy = filled(value=in1.text(36))
    clock = assembly.clock
    return filled(
        resourceType="Coverage",
        id=assembly.naming.id_of("Coverage", *parts),
        identifier=[policy] if policy else [],
        status="active",
        type=coded(in1, assembly),
        subscriberId=in1.text(49),
        beneficiary=assembly.subject,
        relationship=assembly.vocabulary.concept("0063-subscriber", in1.text(17)),
        period=filled(start=clock.moment(in1, 12), end=clock.moment(in1, 13)),
        payor=[payor],
        **{"class": [each for each in (class_of(in1, *PLAN), class_of(in1, *GROUP)) if each]},
    )


def coded(in1: Segment, assembly: Assembly) -> Json | None:
    """IN1-15, when its coding system is known."""
    found = concept(in1.value(15), assembly.naming)
    return found if "coding" in found else None


def class_of(in1: Segment, field: int, kind: str) -> Json | None:
    """Plan or group number as Coverage.class."""
    value = in1.text(field)
    if not value:
        return None
    return {"type": {"coding": [{"system": CLASS_TYPE, "code": kind}]}, "value": value}
