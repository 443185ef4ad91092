"""FHIR capabilities: what this server does, made from the routes there are and what search serves.

https://hl7.org/fhir/R4/http.html#capabilities
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response

from fhir_api.errors import InvalidRequest
from fhir_api.json_text import dump_sorted
from fhir_api.routes import audit_events
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import PREFIX, FhirApi
from fhir_api.routes.served import ANY_TYPE, Served, interactions, served
from fhir_api.search.r4.offer import Offer
from fhir_api.subscriptions.access import SUBSCRIPTION
from fhir_api.subscriptions.published import capability as topic_based

CHANGED = "2026-11-22"  # when what the statement says was last changed
OF_THE_SYSTEM = {"transaction", "history-system", "search-system"}
MODES = {"full", "normative"}
BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"
DEFINITIONS = {
    "validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    "everything": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
    "export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
    "Patient/export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export",
    "Group/export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export",
}
SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
Fhir = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """What a statement is made from.

    Attributes:
        routes: What the registered routes serve.
        search: What search serves.
        api: The parts of the site.
        base: Address of the server.
    """

    routes: Served
    search: Offer
    api: FhirApi
    base: str


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the route of this interaction; it tells of the routes there are when first asked."""

    @lru_cache(maxsize=8)
    def statement(base: str) -> tuple[Fhir, str]:
        made = capability_statement(Offered(served(router.routes), api.search.offer, api, base))
        return made, f'W/"{hashlib.sha256(dump_sorted(made)).hexdigest()[:16]}"'

    @router.get("/metadata", name="capabilities")
    def capabilities(request: Request, mode: str = "full") -> Response:
        if mode == "terminology":
            return fhir_response(terminology())
        if mode not in MODES:
            raise InvalidRequest("mode must be full, normative or terminology.", "http.mode")
        made, tag = statement(api.base(request))
        if tag in request.headers.get("if-none-match", ""):
            return fhir_response(None, 304, {"ETag": tag})
        return fhir_response(made, 200, {"ETag": tag})


def capability_statement(offered: Offered) -> Fhir:
    """The CapabilityStatement of a server."""
    bulk = "export" in offered.routes.operations_of("")
    patch = "PATCH [type]/[id]" in offered.routes.of(ANY_TYPE)
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED,
        "publisher": "Homeward",
        "kind": "instance",
        **({"instantiates": [BULK_DATA]} if bulk else {}),
        "software": software(),
        "implementation": {
            "description": "Homeward, a de-identifying FHIR server",
            "url": offered.base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        **({"patchFormat": ["application/json-patch+json"]} if patch else {}),
        "rest": [rest(offered)],
    }


def software() -> Fhir:
    """This program and its version."""
    return {"name": "Homeward", "version": version("homeward")}


def rest(offered: Offered) -> Fhir:
    """What is served over HTTP."""
    routes = offered.routes
    own = {kind for kind in routes.shapes if kind not in {"", ANY_TYPE}}
    kinds = sorted(offered.api.policy.resources | own)
    words = [each for each in interactions(routes.system) if each in OF_THE_SYSTEM]
    system = [*words, "batch"] if "transaction" in words else words
    return {
        "mode": "server",
        **security(offered),
        "resource": [of_type(kind, offered) for kind in kinds],
        "interaction": [{"code": code} for code in system],
        **operations("", routes.operations_of(""), offered.base),
    }


def security(offered: Offered) -> Fhir:
    """How a caller shows who it is; nothing where nobody is asked."""
    addresses = offered.api.oauth_uris
    if not addresses:
        return {}
    server = offered.base.removesuffix(PREFIX)
    parts = [
        {"url": name, "valueUri": server + address if address.startswith("/") else address}
        for name, address in addresses.items()
    ]
    code = {"system": SECURITY_SERVICE, "code": "SMART-on-FHIR"}
    return {
        "security": {
            "extension": [{"url": OAUTH_URIS, "extension": parts}],
            "service": [{"coding": [code], "text": "SMART App Launch 2.2"}],
        }
    }


def of_type(resource_type: str, offered: Offered) -> Fhir:
    """What can be done with one type."""
    shapes = offered.routes.of(resource_type)
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in interactions(shapes)],
        "versioning": "versioned-update" if "PUT [type]/[id]" in shapes else "versioned",
        "readHistory": "GET [type]/[id]/_history/[id]" in shapes,
        **conditions(shapes),
        "referencePolicy": ["literal", "local", "resolves"],
        **found_by(resource_type, offered, shapes),
        **operations(resource_type, offered.routes.operations_of(resource_type), offered.base),
        **(topic_based(offered.api.subscriptions.topics) if resource_type == SUBSCRIPTION else {}),
    }


def conditions(shapes: set[str]) -> Fhir:
    """Which interactions may hang on a condition."""
    return {
        "updateCreate": "PUT [type]/[id]" in shapes,
        "conditionalCreate": "POST [type]" in shapes,
        "conditionalRead": "full-support" if "GET [type]/[id]" in shapes else "not-supported",
        "conditionalUpdate": "PUT [type]" in shapes,
        "conditionalDelete": "single" if "DELETE [type]" in shapes else "not-supported",
    }


def found_by(resource_type: str, offered: Offered, shapes: set[str]) -> Fhir:
    """What a search of the type may ask."""
    if resource_type == audit_events.KIND and resource_type in offered.routes.alone:
        return listed("searchParam", parameters(audit_events.PARAMETERS.items()))
    if "GET [type]" not in shapes:
        return {}
    kinds = {name: each.kind for name, each in offered.search.parameters(resource_type).items()}
    return {
        **listed("searchInclude", offered.search.includes(resource_type)),
        **listed("searchRevInclude", offered.search.reverse_includes(resource_type)),
        **listed("searchParam", parameters(kinds.items())),
    }


def parameters(kinds: Iterable[tuple[str, str]]) -> list[Fhir]:
    """Search parameters with their types."""
    return [{"name": name, "type": kind} for name, kind in sorted(kinds)]


def operations(resource_type: str, names: list[str], base: str) -> Fhir:
    """Operations, each with where it is defined."""
    return listed("operation", [
        {"name": name, "definition": definition(resource_type, name, base)} for name in names
    ])  # fmt: skip


def definition(resource_type: str, name: str, base: str) -> str:
    """Canonical address of an operation."""
    known = DEFINITIONS.get(f"{resource_type}/{name}") or DEFINITIONS.get(name)
    return known or f"{base}/OperationDefinition/{name}"


def listed(name: str, values: list[Any]) -> Fhir:
    """A list element; FHIR has no empty ones."""
    return {name: values} if values else {}


def terminology() -> Fhir:
    """The TerminologyCapabilities of a server without terminology services."""
    return {
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": CHANGED,
        "kind": "instance",
        "software": software(),
        "implementation": {"description": "Codes are checked by shape; none are expanded here"},
    }
