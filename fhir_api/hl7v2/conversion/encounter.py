"""Encounter from PV1 and PV2: what the fields say, before the event is heard.

https://hl7.org/fhir/uv/v2mappings/ (PV1[Encounter], PV2[Encounter])
"""

import re

from fhir_api.hl7v2.conversion.assembly import ENCOUNTER, Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import concept, filled, identifier
from fhir_api.hl7v2.conversion.draft import Draft
from fhir_api.hl7v2.conversion.people import practitioner, role_at
from fhir_api.hl7v2.conversion.places import department, facility
from fhir_api.hl7v2.wire.message import Message, Segment

PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PARTICIPANTS = ((7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM"))
VISIT_NUMBER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                            "code": "VN"}]}  # fmt: skip
ATTENDING = 7
RANK = re.compile(r"[1-9][0-9]{0,5}")


def encounter(message: Message, assembly: Assembly) -> Draft:
    """The visit as the fields tell it; status, period and locations are the event's."""
    pv1, tables = message.first("PV1"), assembly.vocabulary
    draft = Draft({"resourceType": ENCOUNTER, "id": assembly.visit, "subject": assembly.subject})
    draft.put("identifier", pv1, 19, numbers(pv1, assembly))
    draft.put("class", pv1, 2, tables.coding("0004", pv1.text(2)))
    kind = tables.concept("0007", pv1.text(4))
    draft.put("type", pv1, 4, [kind] if kind else [])
    draft.put("priority", pv1, 4, tables.concept("0007-priority", pv1.text(4)))
    draft.put("serviceType", pv1, 10, tables.concept("0069", pv1.text(10)))
    put_participants(draft, pv1, assembly)
    put_hospitalization(draft, pv1, assembly)
    pv2 = message.first("PV2")
    reason = concept(pv2.value(3), assembly.naming)
    draft.put("reasonCode", pv2, 3, [reason] if reason else [])
    put_organizations(draft, message, assembly)
    return draft


def numbers(pv1: Segment, assembly: Assembly) -> list[Json]:
    """The visit number and the alternate visit id."""
    visit = identifier(pv1.value(19), assembly.naming)
    alternate = identifier(pv1.value(50), assembly.naming)
    found = ([visit | {"type": VISIT_NUMBER}] if visit else []) + ([alternate] if alternate else [])
    return [each for each in found if "value" in each]


def put_participants(draft: Draft, pv1: Segment, assembly: Assembly) -> None:
    """Attending, referring, consulting and admitting practitioners, by role."""
    for field, role in PARTICIPANTS:
        person = practitioner(pv1.value(field), assembly)
        kind = [{"coding": [{"system": PARTICIPATION, "code": role}]}]
        told = {"type": kind, "individual": person} if person else None
        draft.put_member(f"participant|{role}", pv1, field, told)


def put_hospitalization(draft: Draft, pv1: Segment, assembly: Assembly) -> None:
    """How the patient came and went."""
    tables = assembly.vocabulary
    came_from = tables.concept("0023", pv1.text(14))
    went_to = tables.concept("0112", pv1.text(36))
    again = tables.concept("0092", pv1.text(13))
    before = identifier(pv1.value(5), assembly.naming)
    draft.put("hospitalization.preAdmissionIdentifier", pv1, 5, before)
    draft.put("hospitalization.admitSource", pv1, 14, came_from)
    draft.put("hospitalization.reAdmission", pv1, 13, again)
    draft.put("hospitalization.dischargeDisposition", pv1, 36, went_to)


def put_organizations(draft: Draft, message: Message, assembly: Assembly) -> None:
    """The facility, and the role of the attending practitioner in its service."""
    pv1 = message.first("PV1")
    provider = facility(message, pv1, assembly)
    draft.put("serviceProvider", pv1, 39, provider)
    service = department(pv1, provider, assembly)
    attending = practitioner(pv1.value(ATTENDING), assembly)
    if service and attending:
        role_at(attending, service, assembly)


def add_diagnosis(draft: Draft, condition: Json, dg1: Segment, assembly: Assembly) -> None:
    """Join a Condition to the visit, with its role and rank."""
    use = assembly.vocabulary.concept("0052", dg1.text(6))
    rank = dg1.text(15)
    ranked = int(rank) if RANK.fullmatch(rank) else None
    told = filled(condition=condition, use=use, rank=ranked)
    others = draft.resource.setdefault("diagnosis", [])
    if all(each["condition"] != condition for each in others):
        others.append(told)
