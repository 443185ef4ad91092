"""FHIR history: every version of one resource, of a type, or of all, newest first.

https://hl7.org/fhir/R4/http.html#history. Deletions are among them. The first entry that a page
leaves out is where `next` begins, so that pages stay the same while others write.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from fhir_api.access.caller import Caller
from fhir_api.audit.access import about
from fhir_api.errors import ResourceNotFound
from fhir_api.reidentify import Presenter
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.history_parameters import (
    CURSOR,
    Parameters,
    applied,
    understood,
    wants_total,
)
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.read import etag
from fhir_api.routes.visible import Limits, limits_by_type, patients_of, visible
from fhir_api.store.history import History
from fhir_api.store.records import StoredResource
from fhir_api.validation.elements import resource_types

ByType = dict[str, Limits]


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions."""

    @router.get("/_history", name="history-system")
    def system(request: Request) -> Response:
        caller = api.authenticate(request)
        return answer(api, caller, request, limits_by_type(caller, "search"))

    @router.get("/{resource_type}/_history", name="history-type")
    def of_type(resource_type: str, request: Request) -> Response:
        caller = api.authenticate(request)
        limits = caller.limits("search", known_type(resource_type))
        return answer(api, caller, request, {resource_type: limits})

    @router.get("/{resource_type}/{id_}/_history", name="history-instance")
    def of_instance(resource_type: str, id_: str, request: Request) -> Response:
        caller = api.authenticate(request)
        named = known_id(known_type(resource_type), id_)
        stored_id = api.presenter(caller).stored_id(resource_type, named)
        limits = {resource_type: caller.limits("read", resource_type)}
        row = api.store.read(resource_type, stored_id)
        if row is None or not visible(api, limits[resource_type], [row]):
            raise ResourceNotFound(resource_type)
        return answer(api, caller, request, limits, stored_id)


def answer(
    api: FhirApi, caller: Caller, request: Request, limits: ByType, stored_id: str | None = None
) -> Response:
    """The Bundle of one page."""
    given = applied(request)
    asked = replace(understood(given, api.limits.page), resource_id=stored_id)
    asked = replace(asked, types=types_of(limits), patients=owners(api, limits))
    history = History(api.store)
    found = history.versions(replace(asked, count=asked.count + 1)) if asked.count else []
    page = found[: asked.count]
    shown = shown_to(api, limits, [past.resource for past in page])
    about(request, patients=[row.patient_id for row in shown])
    total = history.total(asked) if wants_total(given) and not any(limits.values()) else None
    rest = page[-1].seq if len(found) > asked.count > 0 else None
    base = api.base(request)
    links = page_links(base + request.url.path.partition("/fhir")[2], given, rest)
    entries = [entry(row, body, base) for row, body in presented(api.presenter(caller), shown)]
    return fhir_response(history_bundle(links, entries, total))


def types_of(limits: ByType) -> list[str] | None:
    """The types to look for; None where everything may be seen."""
    everything = not any(limits.values()) and len(limits) == len(resource_types())
    return None if everything else list(limits)


def owners(api: FhirApi, limits: ByType) -> set[str] | None:
    """The patients to look for; None unless every limit names one."""
    all_limits = [limit for each in limits.values() for limit in each]
    if not all(limits.values()) or any(limit.patient is None for limit in all_limits):
        return None
    return patients_of(api, all_limits)


def shown_to(api: FhirApi, limits: ByType, rows: Sequence[StoredResource]) -> list[StoredResource]:
    """Those of the rows that the caller may see, in their order."""
    kinds = {row.resource_type for row in rows}
    seen = {
        (row.resource_type, row.resource_id, row.version)
        for kind in kinds
        for row in visible(api, limits[kind], [row for row in rows if row.resource_type == kind])
    }
    return [row for row in rows if (row.resource_type, row.resource_id, row.version) in seen]


def presented(
    presenter: Presenter, rows: Sequence[StoredResource]
) -> list[tuple[StoredResource, dict[str, Any]]]:
    """Each row with its resource as the caller may see it."""
    return list(zip(rows, presenter.present(rows), strict=True))


def entry(row: StoredResource, body: dict[str, Any], base: str) -> dict[str, Any]:
    """One version as it was asked for and answered."""
    url = f"{row.resource_type}/{body.get('id', row.resource_id)}"
    method, status = ("DELETE", "204") if row.deleted else ("PUT", "200")
    made = {
        "fullUrl": f"{base}/{url}",
        "request": {"method": method, "url": url},
        "response": {
            "status": "201" if row.version == 1 else status,
            "etag": etag(row),
            "lastModified": body["meta"]["lastUpdated"],
        },
    }
    return made if row.deleted else made | {"resource": body}


def page_links(url: str, given: Parameters, rest: int | None) -> list[dict[str, str]]:
    """`self` with what was applied, and `next` where there is more."""
    links = [{"relation": "self", "url": with_query(url, given)}]
    if rest is not None:
        kept = [each for each in given if each[0] != CURSOR]
        links.append({"relation": "next", "url": with_query(url, [*kept, (CURSOR, str(rest))])})
    return links


def with_query(url: str, parameters: Parameters) -> str:
    """The URL with its parameters."""
    return f"{url}?{urlencode(parameters)}" if parameters else url


def history_bundle(
    links: list[dict[str, str]], entries: list[dict[str, Any]], total: int | None
) -> dict[str, Any]:
    """A Bundle of type history."""
    bundle = {"resourceType": "Bundle", "type": "history", "link": links}
    counted = {} if total is None else {"total": total}
    return bundle | counted | ({"entry": entries} if entries else {})
