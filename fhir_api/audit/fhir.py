"""An access as an AuditEvent, in the shape of IHE's Basic Audit Log Patterns.

https://profiles.ihe.net/ITI/BALP (1.1). The profile is named for what ended well, as it asks. Two
things differ on purpose: no network address is kept, only that there was one; and the query holds
pseudonyms and names of parameters in place of the raw request.
"""

from base64 import b64encode
from typing import Any

from fhir_api.audit.event import MESSAGE, Access
from fhir_api.audit.reading import Recorded

Fhir = dict[str, Any]
TERMS = "http://terminology.hl7.org/CodeSystem"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
EVENT_TYPES = f"{TERMS}/v2-0003"
RESTFUL = "http://hl7.org/fhir/restful-interaction"
BALP = "https://profiles.ihe.net/ITI/BALP"
IMPORTED, APPLICATION, DESTINATION, SOURCE = "110107", "110150", "110152", "110153"
PERSON, SYSTEM_OBJECT = "1", "2"
PATIENT, DOMAIN_RESOURCE, QUERY = "1", "4", "24"
OTHER_NETWORK: Fhir = {"type": "5"}
SERVER: Fhir = {"display": "Homeward"}
PROFILES = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete", "E": "Query"}


def audit_event(recorded: Recorded, site: str) -> Fhir:
    """The AuditEvent of one access; references are pseudonyms."""
    access = recorded.access
    moment = recorded.recorded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "resourceType": "AuditEvent",
        "id": str(recorded.number),
        **profiled(access),
        "type": kind(access),
        "subtype": [subtype(access)],
        "action": access.action,
        "recorded": moment,
        "outcome": outcome(access.status),
        "outcomeDesc": ended(access),
        "agent": agents(access),
        "source": source(site),
        "entity": entities(access),
    }


def profiled(access: Access) -> Fhir:
    """`meta` with the pattern that the event follows, for what ended well."""
    query = access.interaction.startswith("search")
    if access.status >= 400 or (access.action == "E" and not query):
        return {}
    if not query and not access.resources:
        return {}
    name = ("Patient" if access.patients else "") + PROFILES[access.action]
    return {"meta": {"profile": [f"{BALP}/StructureDefinition/IHE.BasicAudit.{name}"]}}


def is_message(access: Access) -> bool:
    """Whether it was a message of HL7 v2."""
    return access.interaction.partition("-")[0] == MESSAGE


def kind(access: Access) -> Fhir:
    """A request of REST, or a message taken in."""
    if is_message(access):
        return coding(DICOM, IMPORTED)
    return coding(f"{TERMS}/audit-event-type", "rest")


def ended(access: Access) -> str:
    """How it was answered: the status of HTTP, or the code of an acknowledgement."""
    if not is_message(access):
        return f"HTTP {access.status}"
    return {200: "AA", 422: "AE", 500: "AE"}.get(access.status, "AR")


def subtype(access: Access) -> Fhir:
    """The interaction; for what is none of FHIR's, `operation` or our own word."""
    if is_message(access):
        event = access.interaction.partition("-")[2]
        return coding(EVENT_TYPES, event) if event else {"display": "no event that is read"}
    if access.interaction.startswith("$"):
        return coding(RESTFUL, "operation") | {"display": access.interaction}
    return coding(RESTFUL, access.interaction)


def outcome(status: int) -> str:
    """0 for what was done, 4 for what was refused, 8 for what we could not do."""
    return "0" if status < 400 else "4" if status < 500 else "8"


def agents(access: Access) -> list[Fhir]:
    """Client and server in their roles, and the person on whose behalf."""
    client, server = roles(access)
    found = [
        agent(client, {"identifier": {"value": access.client}}, requestor=access.user is None),
        agent(server, SERVER, requestor=False),
    ]
    if access.user is not None:
        person = {"coding": [coding(f"{TERMS}/v3-ParticipationType", "IRCP")]}
        who = {"reference": access.user}
        found.append({"type": person, "who": who, "requestor": True})
    return found


def roles(access: Access) -> tuple[str, str]:
    """Roles of client and server: who gives and who gets."""
    if access.action == "R":
        return DESTINATION, SOURCE
    return (APPLICATION if access.action == "D" else SOURCE), DESTINATION


def agent(role: str, who: Fhir, *, requestor: bool) -> Fhir:
    """A program that took part."""
    kind = {"coding": [coding(DICOM, role)]}
    return {"type": kind, "who": who, "requestor": requestor, "network": OTHER_NETWORK}


def source(site: str) -> Fhir:
    """Who wrote the event down."""
    kind = coding(f"{TERMS}/security-source-type", "4")
    return {"site": site, "observer": SERVER, "type": [kind]}


def entities(access: Access) -> list[Fhir]:
    """Patients, resources, the query and the request's id."""
    return [
        *(entity(PERSON, PATIENT, {"reference": each}) for each in access.patients),
        *(entity(SYSTEM_OBJECT, DOMAIN_RESOURCE, {"reference": each}) for each in access.resources),
        *([asked(access)] if access.query or access.interaction.startswith("search") else []),
        {
            "what": {"identifier": {"value": access.request_id}},
            "type": coding(f"{BALP}/CodeSystem/BasicAuditEntityType", "XrequestId"),
        },
    ]


def entity(kind: str, role: str, what: Fhir) -> Fhir:
    """Something that was seen or changed."""
    return {"what": what, **classified(kind, role)}


def asked(access: Access) -> Fhir:
    """The query, without values."""
    query = access.query or "?"
    return {
        **classified(SYSTEM_OBJECT, QUERY),
        "description": query,
        "query": b64encode(query.encode()).decode(),
    }


def classified(kind: str, role: str) -> Fhir:
    """What an entity is, and the part it plays."""
    return {
        "type": coding(f"{TERMS}/audit-entity-type", kind),
        "role": coding(f"{TERMS}/object-role", role),
    }


def coding(system: str, code: str) -> Fhir:
    """A Coding."""
    return {"system": system, "code": code}
