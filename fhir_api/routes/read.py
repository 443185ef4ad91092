"""FHIR read and vread: one resource by the caller's own id.

https://hl7.org/fhir/R4/http.html#read
"""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from fhir_api.errors import ResourceDeleted, ResourceNotFound
from fhir_api.reidentify import Presenter
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.store.records import StoredResource

IfNoneMatch = Annotated[str | None, Header()]


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions."""

    @router.get("/{resource_type}/{id_}", name="read")
    def read(
        resource_type: str, id_: str, request: Request, if_none_match: IfNoneMatch = None
    ) -> Response:
        presenter = api.presenter(api.authenticate(request))
        id_ = known_id(known_type(resource_type), id_)
        stored = api.store.read(resource_type, presenter.stored_id(resource_type, id_))
        if stored is not None and if_none_match == etag(stored):
            return fhir_response(None, 304, {"ETag": etag(stored)})
        return found(stored, resource_type, presenter)

    @router.get("/{resource_type}/{id_}/_history/{version}", name="vread")
    def vread(resource_type: str, id_: str, version: str, request: Request) -> Response:
        presenter = api.presenter(api.authenticate(request))
        stored_id = presenter.stored_id(resource_type, known_id(known_type(resource_type), id_))
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise ResourceNotFound(resource_type)
        stored = api.store.read_version(resource_type, stored_id, int(version))
        return found(stored, resource_type, presenter)


def found(stored: StoredResource | None, resource_type: str, presenter: Presenter) -> Response:
    """The answer to a read; raises ResourceNotFound (404) or ResourceDeleted (410)."""
    if stored is None:
        raise ResourceNotFound(resource_type)
    if stored.deleted:
        raise ResourceDeleted(resource_type)
    headers = {"ETag": etag(stored), "Last-Modified": http_date(stored)}
    return fhir_response(presenter.present([stored])[0], 200, headers)


def etag(stored: StoredResource) -> str:
    """The version as an ETag."""
    return f'W/"{stored.version}"'


def http_date(stored: StoredResource) -> str:
    """When the version was stored, as HTTP writes it (RFC 9110, 5.6.7)."""
    return stored.recorded_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
