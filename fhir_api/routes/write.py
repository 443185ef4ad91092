"""FHIR create, update and delete of one resource.

https://hl7.org/fhir/R4/http.html#create. A create without a name of its own gets an id made of its
content, so that the same resource posted twice is stored once.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from fhir_api.bundles.entry import Entry, version_of
from fhir_api.errors import InvalidRequest
from fhir_api.ingest.ingestor import Stored
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi

IfNoneExist = Annotated[str | None, Header()]
IfMatch = Annotated[str | None, Header()]
Prefer = Annotated[str, Header()]


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions."""
    read_body = Depends(body_reader(api.largest_body))

    @router.post("/{resource_type}", name="create")
    def create(
        resource_type: str,
        request: Request,
        data: Annotated[bytes, read_body],
        if_none_exist: IfNoneExist = None,
        prefer: Prefer = "",
    ) -> Response:
        resource = resource_of_type(parsed_object(data), known_type(resource_type))
        entry = Entry(0, "", "POST", resource_type, None, resource, if_none_exist=if_none_exist)
        return written(api, api.ingestor.single(entry), request, prefer)

    @router.put("/{resource_type}/{id_}", name="update")
    def update(
        resource_type: str,
        id_: str,
        request: Request,
        data: Annotated[bytes, read_body],
        if_match: IfMatch = None,
        prefer: Prefer = "",
    ) -> Response:
        resource = resource_of_type(parsed_object(data), known_type(resource_type))
        version = version_of(if_match, "If-Match")
        named = known_id(resource_type, id_)
        entry = Entry(0, "", "PUT", resource_type, named, resource, if_match=version)
        return written(api, api.ingestor.single(entry), request, prefer)

    @router.delete("/{resource_type}/{id_}", name="delete")
    def delete(resource_type: str, id_: str) -> Response:
        named = known_id(known_type(resource_type), id_)
        api.ingestor.single(Entry(0, "", "DELETE", resource_type, named, None))
        return fhir_response(None, 204)


def resource_of_type(resource: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """The resource, if it is of the type that the path names; raises InvalidRequest."""
    if resource.get("resourceType") != resource_type:
        raise InvalidRequest("resourceType is not the type that the path names.", "resourceType")
    return resource


def written(api: FhirApi, stored: Stored, request: Request, prefer: str) -> Response:
    """The answer to a create or update: where it is, its version, and the resource itself."""
    kind, real_id = stored.key
    headers = {"ETag": f'W/"{stored.written.version}"'}
    if real_id is None:
        return fhir_response(None, 200, headers)
    path = f"{base_url(request, kind)}{kind}/{real_id}/_history/{stored.written.version}"
    status = 201 if stored.written.outcome == "created" else 200
    presenter = api.presenter(api.authenticate(request))
    found = api.store.read(kind, presenter.stored_id(kind, real_id))
    wanted = found is not None and "return=minimal" not in prefer
    body = presenter.present([found])[0] if found is not None and wanted else None
    return fhir_response(body, status, headers | {"Location": path})


def base_url(request: Request, resource_type: str) -> str:
    """The address of the server as the caller reached it, ending in a slash."""
    return str(request.url).partition(f"/{resource_type}")[0] + "/"
