"""FHIR read and vread: one resource by the caller's own id.

https://hl7.org/fhir/R4/http.html#read. What the caller's limits hide is answered like what was
never there, so that nobody can find out by trying whose record exists.
"""

from email.utils import format_datetime, parsedate_to_datetime

from fastapi import APIRouter, Request, Response

from fhir_api.audit.access import about
from fhir_api.errors import ResourceDeleted, ResourceNotFound
from fhir_api.reidentify import Presenter
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.shape import shape_of
from fhir_api.routes.visible import visible
from fhir_api.search.query.summaries import part_of
from fhir_api.store.records import StoredResource


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions."""

    @router.get("/{resource_type}/{id_}", name="read")
    def read(resource_type: str, id_: str, request: Request) -> Response:
        caller = api.authenticate(request)
        presenter = api.presenter(caller)
        stored_id = presenter.stored_id(resource_type, known_id(known_type(resource_type), id_))
        limits = caller.limits("read", resource_type)
        rows = [row for row in [presenter.read(api.store, resource_type, stored_id)] if row]
        shown = visible(api, limits, rows)
        return answer(shown, resource_type, presenter, request)

    @router.get("/{resource_type}/{id_}/_history/{version}", name="vread")
    def vread(resource_type: str, id_: str, version: str, request: Request) -> Response:
        caller = api.authenticate(request)
        presenter = api.presenter(caller)
        stored_id = presenter.stored_id(resource_type, known_id(known_type(resource_type), id_))
        limits = caller.limits("read", resource_type)
        number = version_number(resource_type, version)
        rows = [row for row in [api.store.read_version(resource_type, stored_id, number)] if row]
        shown = visible(api, limits, rows)
        return answer(shown, resource_type, presenter, request)


def version_number(resource_type: str, version: str) -> int:
    """The version that a path names; raises ResourceNotFound (404) when it cannot be one."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise ResourceNotFound(resource_type)
    return int(version)


def answer(
    rows: list[StoredResource], resource_type: str, presenter: Presenter, request: Request
) -> Response:
    """The answer to a read; raises ResourceNotFound (404) or ResourceDeleted (410)."""
    shape = shape_of(request)
    if not rows:
        raise ResourceNotFound(resource_type)
    [stored] = rows
    about(request, patients=[stored.patient_id])
    if stored.deleted:
        raise ResourceDeleted(resource_type)
    headers = {"ETag": etag(stored), "Last-Modified": http_date(stored)}
    if is_known(request, stored):
        return fhir_response(None, 304, headers)
    [resource] = presenter.present([stored])
    return fhir_response(part_of(resource, shape), 200, headers)


def is_known(request: Request, stored: StoredResource) -> bool:
    """Whether the caller has this version already (RFC 9110, 13.2.2: If-None-Match comes first)."""
    if (tags := request.headers.get("if-none-match")) is not None:
        given = {each.strip().removeprefix("W/") for each in tags.split(",")}
        return "*" in given or etag(stored).removeprefix("W/") in given
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and stored.recorded_at.replace(microsecond=0) <= since


def etag(stored: StoredResource) -> str:
    """The version as an ETag."""
    return f'W/"{stored.version}"'


def http_date(stored: StoredResource) -> str:
    """When the version was stored, as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(stored.recorded_at, usegmt=True)
