"""FHIR create, update, patch and delete of one resource, by its id or by a query.

https://hl7.org/fhir/R4/http.html#create and what follows it. A create is a new resource each time;
who may send the same thing twice says If-None-Exist.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.audit.access import about
from fhir_api.bundles.entry import Entry, versions_of
from fhir_api.bundles.patch import JSON_PATCH, checked
from fhir_api.errors import InvalidRequest, WrongPatchType
from fhir_api.ingest.parts import Sender
from fhir_api.ingest.response import Answering, all_well
from fhir_api.ingest.results import Stored
from fhir_api.json_text import parse
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.bodies import READ_PATCH, body_reader, parsed_object
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.preferring import preferred
from fhir_api.routes.read import etag, http_date

TYPE, INSTANCE = "/{resource_type}", "/{resource_type}/{id_}"


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions."""
    register_creates_and_updates(router, api)
    register_patches_and_deletes(router, api)


def register_creates_and_updates(router: APIRouter, api: FhirApi) -> None:
    """Add what brings a resource."""
    read_body = Depends(body_reader(api.largest_body))
    Body = Annotated[bytes, read_body]  # noqa: N806 - a type, made of what the site allows

    @router.post(TYPE, name="create")
    def create(resource_type: str, request: Request, data: Body) -> Response:
        asked = request.headers.get("if-none-exist")
        query = None if asked is None else asked.rpartition("?")[2]
        resource = resource_of(data, resource_type)
        return carry_out(request, api, {"resource": resource, "query": query})

    @router.put(TYPE, name="update")
    def conditional_update(resource_type: str, request: Request, data: Body) -> Response:
        resource = resource_of(data, resource_type)
        own = resource.get("id")
        given = {"resource": resource, "id": own if isinstance(own, str) else None}
        return carry_out(request, api, given | {"query": request.url.query})

    @router.put(INSTANCE, name="update")
    def update(resource_type: str, id_: str, request: Request, data: Body) -> Response:
        resource = resource_of(data, resource_type)
        if "id" not in resource:
            raise InvalidRequest(
                f"{resource_type}.id must be the id of the path.", f"{resource_type}.id"
            )
        return carry_out(request, api, {"resource": resource, "id": known_id(resource_type, id_)})


def register_patches_and_deletes(router: APIRouter, api: FhirApi) -> None:
    """Add what changes or ends a resource that is there."""
    read_patch = Depends(body_reader(api.largest_body, READ_PATCH))
    Body = Annotated[bytes, read_patch]  # noqa: N806 - a type, made of what the site allows

    @router.patch(TYPE, name="patch")
    def conditional_patch(resource_type: str, request: Request, data: Body) -> Response:
        known_type(resource_type)
        given = {"patch": operations_of(data, request), "query": request.url.query}
        return carry_out(request, api, given)

    @router.patch(INSTANCE, name="patch")
    def patch(resource_type: str, id_: str, request: Request, data: Body) -> Response:
        named = known_id(known_type(resource_type), id_)
        return carry_out(request, api, {"patch": operations_of(data, request), "id": named})

    @router.delete(TYPE, name="delete")
    def conditional_delete(resource_type: str, request: Request) -> Response:
        known_type(resource_type)
        return carry_out(request, api, {"query": request.url.query})

    @router.delete(INSTANCE, name="delete")
    def delete(resource_type: str, id_: str, request: Request) -> Response:
        return carry_out(request, api, {"id": known_id(known_type(resource_type), id_)})


def resource_of(data: bytes, resource_type: str) -> dict[str, Any]:
    """The resource of a body, if it is of the type that the path names; raises InvalidRequest."""
    resource = parsed_object(data)
    if resource.get("resourceType") != known_type(resource_type):
        raise InvalidRequest("resourceType is not the type that the path names.", "resourceType")
    return resource


def operations_of(data: bytes, request: Request) -> list[dict[str, Any]]:
    """The operations of a JSON Patch; raises WrongPatchType (415) for any other kind."""
    if request.headers.get("content-type", "").lower().partition(";")[0].strip() != JSON_PATCH:
        raise WrongPatchType
    return checked(parse(data), "The patch")


def carry_out(request: Request, api: FhirApi, given: dict[str, Any]) -> Response:
    """Do what is asked for, and answer with where the resource is, its version, and itself."""
    caller = api.authenticate(request)
    wanted = preferred(request, "representation")
    entry = Entry(
        index=0,
        path="",
        method=request.method,
        resource_type=request.path_params["resource_type"],
        id=given.get("id"),
        resource=given.get("resource"),
        query=given.get("query"),
        if_match=versions_of(request.headers.get("if-match")),
        if_none_match=versions_of(request.headers.get("if-none-match")),
        patch=given.get("patch"),
    )
    stored = api.ingestor.single(entry, Sender(caller, wanted))
    patients = [] if stored.row is None else [stored.row.patient_id]
    about(request, patients=patients, resource="/".join(stored.stored))
    answering = Answering(api.presenter(caller), wanted)
    answering.learn([stored])
    headers = versioned(stored, answering, api.base(request))
    return fhir_response(body_of(stored, answering), int(stored.status[:3]), headers)


def versioned(stored: Stored, answering: Answering, base: str) -> dict[str, str]:
    """The headers that say which version there is now, when, and where it can be read."""
    row = stored.row
    if row is None:
        return {}
    headers = {"ETag": etag(row), "Last-Modified": http_date(row)}
    if stored.entry.method == "DELETE":
        return headers
    where = f"{base}/{answering.location(stored)}"
    return headers | {"Location": where, "Content-Location": where}


def body_of(stored: Stored, answering: Answering) -> dict[str, Any] | None:
    """What is told beside the headers: the resource, an outcome, or nothing."""
    if stored.entry.method == "DELETE" or answering.answer == "minimal":
        return None
    if answering.answer == "OperationOutcome":
        return all_well(stored.status)
    row = answering.shows(stored)
    return None if row is None else answering.presenter.present([row])[0]
