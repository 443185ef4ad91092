"""FHIR $validate: what would be wrong with a resource; nothing is stored.

https://hl7.org/fhir/R4/resource-operation-validate.html. The answer is an OperationOutcome, 200
whatever it says: errors are what a write would be refused for, warnings are not.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.errors import InvalidRequest, outcome_of
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.history_parameters import applied
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.validation.issue import Issue

SERVED = ("mode", "profile")
MODES = {"create", "update", "delete"}
FINE = Issue("informational", "Nothing is wrong with it.", None, "information")
NO_PROFILES = Issue(
    "not-supported",
    "Profiles are not checked here; this is what R4 itself asks.",
    None,
    "information",
)
Given = tuple[Any, Any, bool]  # resource, mode, whether a profile is named


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of this operation."""
    read_body = Depends(body_reader(api.largest_body))

    @router.post("/{resource_type}/$validate", name="validate")
    def validate_type(
        resource_type: str, request: Request, data: Annotated[bytes, read_body]
    ) -> Response:
        api.authenticate(request)
        known_type(resource_type)
        return answered(parsed_object(data), request, None, api)

    @router.post("/{resource_type}/{id_}/$validate", name="validate-instance")
    def validate_instance(
        resource_type: str, id_: str, request: Request, data: Annotated[bytes, read_body]
    ) -> Response:
        api.authenticate(request)
        named = known_id(known_type(resource_type), id_)
        return answered(parsed_object(data), request, named, api)


def answered(body: dict[str, Any], request: Request, id_: str | None, api: FhirApi) -> Response:
    """The verdict on what was sent: a resource, or Parameters with a resource and a mode."""
    resource_type = str(request.path_params["resource_type"])
    asked = dict(applied(request, SERVED))
    resource, mode, profiled = given_in(body, resource_type)
    mode = known_mode(asked.get("mode", mode))
    found = [NO_PROFILES] if profiled or "profile" in asked else []
    if resource is None and mode != "delete":
        raise InvalidRequest("Send a resource, or Parameters with one.", "Parameters.parameter")
    if resource is not None:
        found = verdict(resource, resource_type, id_, api) + found
    return fhir_response(outcome_of(found or [FINE]))


def given_in(body: dict[str, Any], resource_type: str) -> Given:
    """What is to be validated, for which interaction, and whether against a profile."""
    if body.get("resourceType") != "Parameters" or resource_type == "Parameters":
        return body, None, False
    parameters = body.get("parameter")
    given = [each for each in parameters if isinstance(each, dict)] if isinstance(
        parameters, list
    ) else []  # fmt: skip
    resource = next((each["resource"] for each in given if "resource" in each), None)
    mode = next((each.get("valueCode") for each in given if each.get("name") == "mode"), None)
    return resource, mode, any(each.get("name") == "profile" for each in given)


def known_mode(mode: Any) -> str | None:
    """The mode, if it is one or none is given; raises InvalidRequest."""
    if mode is not None and mode not in MODES:
        raise InvalidRequest("mode must be create, update or delete.", "Parameters.parameter")
    return None if mode is None else str(mode)


def verdict(resource: Any, resource_type: str, id_: str | None, api: FhirApi) -> list[Issue]:
    """What is wrong with a resource, the type and id it was sent to among it."""
    found = api.validator.examine(resource)
    if isinstance(resource, dict) and resource.get("resourceType") != resource_type:
        sentence = "resourceType is not the type that the path names."
        found.append(Issue("invalid", sentence, "resourceType"))
    elif id_ is not None and resource.get("id") != id_:
        found.append(
            Issue("invalid", "The id is not the one that the path names.", f"{resource_type}.id")
        )
    return found
