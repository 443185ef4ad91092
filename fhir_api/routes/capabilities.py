"""FHIR capabilities: what this server does, made from what is registered.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from functools import cache
from typing import Any

from fastapi import APIRouter, Response

from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.search import search_parameters
from fhir_api.validation.elements import resource_types

CHANGED = "2026-11-22"  # when what the statement says was last changed
OF_A_TYPE = ("read", "vread", "update", "delete", "create", "search-type")
WRITES = {"create", "update"}


def register(router: APIRouter) -> None:
    """Add the route of this interaction; it tells of the routes there are when first asked."""

    @cache
    def statement() -> dict[str, Any]:
        return capability_statement({str(getattr(each, "name", "")) for each in router.routes})

    @router.get("/metadata", name="capabilities")
    def capabilities() -> Response:
        return fhir_response(statement())


def capability_statement(names: set[str]) -> dict[str, Any]:
    """The CapabilityStatement of a server whose routes have these names."""
    system = [{"code": code} for code in ("transaction", "batch") if "transaction" in names]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED,
        "kind": "instance",
        "software": {"name": "Homeward"},
        "implementation": {"description": "Homeward, a de-identifying FHIR server"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "resource": [of_type(kind, names) for kind in sorted(resource_types())],
                "interaction": system,
            }
        ],
    }


def of_type(resource_type: str, names: set[str]) -> dict[str, Any]:
    """What can be done with one type."""
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in OF_A_TYPE if code in names],
        "versioning": "versioned-update",
        "readHistory": "vread" in names,
        "updateCreate": "update" in names,
        "conditionalCreate": "create" in names,
        "conditionalRead": "not-match",
        "referencePolicy": ["literal", "local", "resolves"],
        "searchParam": [
            {"name": name, "type": kind}
            for name, kind in search_parameters(resource_type).items()
            if name != "_count"
        ],
    }
