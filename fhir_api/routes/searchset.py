"""A page of a search as a Bundle of type searchset.

https://hl7.org/fhir/R4/bundle.html#searchset. `self` says what was applied, as the caller wrote it;
`next` is opaque. What was included and warnings are entries too, and are not counted.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from fhir_api.access.caller import Caller
from fhir_api.audit.access import about
from fhir_api.errors import outcome_of
from fhir_api.routes.history import with_query
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.search.query.controls import CURSOR
from fhir_api.search.query.summaries import part_of
from fhir_api.search.sql.question import Page

Fhir = dict[str, Any]


def searchset(api: FhirApi, caller: Caller, request: Request, page: Page) -> Response:
    """The answer to a search."""
    about(request, patients=[row.patient_id for row in (*page.rows, *page.included)])
    base = api.base(request)
    address = base + request.url.path.partition("/fhir")[2].removesuffix("/_search")
    return fhir_response(page_bundle(api, caller, page, base, address))


def page_bundle(api: FhirApi, caller: Caller, page: Page, base: str, address: str) -> Fhir:
    """The Bundle of a page; `address` is that of the search without its parameters."""
    entries = entries_of(api, caller, page, base)
    total = {} if page.total is None else {"total": page.total}
    bundle = {"resourceType": "Bundle", "type": "searchset", **total, "link": links(page, address)}
    return bundle | ({"entry": entries} if entries else {})


def links(page: Page, address: str) -> list[dict[str, str]]:
    """`self`, and `next` where there is more."""
    found = [{"relation": "self", "url": with_query(address, page.applied)}]
    if page.next is not None:
        following = with_query(address, [*page.applied, (CURSOR, page.next)])
        found.append({"relation": "next", "url": following})
    return found


def entries_of(api: FhirApi, caller: Caller, page: Page, base: str) -> list[Fhir]:
    """Matches, what was included, and warnings; the vault is asked once for all."""
    presenter = api.presenter(caller)
    presenter.real |= page.named
    resources = presenter.present([*page.rows, *page.included])
    matched = len(page.rows)
    shown = [part_of(each, page.controls) for each in resources[:matched]]
    return [
        *entries(shown, "match", base),
        *entries(resources[matched:], "include", base),
        *outcomes(page),
    ]


def entries(resources: Sequence[Fhir], mode: str, base: str) -> list[Fhir]:
    """An entry for each resource."""
    return [
        {
            "fullUrl": f"{base}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": mode},
        }
        for each in resources
    ]


def outcomes(page: Page) -> list[Fhir]:
    """What was left out of a lenient search, as an entry."""
    if not page.warnings:
        return []
    return [{"resource": outcome_of(page.warnings), "search": {"mode": "outcome"}}]
