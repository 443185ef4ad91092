"""Reading the audit trail as AuditEvents: one by its id, or a search. Nobody else writes it.

https://hl7.org/fhir/R4/auditevent.html. It is open to grants for AuditEvent that are limited to no
patient and no query (`system/AuditEvent.rs`, `user/AuditEvent.rs`); docs/reference/audit.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from fhir_api.access.caller import Caller, Interaction
from fhir_api.audit.fhir import audit_event
from fhir_api.audit.reading import Recorded, Wanted, events
from fhir_api.errors import Forbidden, InvalidRequest, ResourceNotFound
from fhir_api.reidentify import Presenter
from fhir_api.routes.history import page_links
from fhir_api.routes.history_parameters import CURSOR, Parameters, applied, moment, whole
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.read import answer
from fhir_api.routes.served import CLOSED
from fhir_api.routes.transport import MethodNotAllowed
from fhir_api.store.records import StoredResource
from privacy.references import target_of

KIND = "AuditEvent"
PARAMETERS = {
    "_id": "token", "_lastUpdated": "date", "action": "token", "agent": "reference",
    "date": "date", "entity": "reference", "patient": "reference",
}  # fmt: skip
SERVED = (*PARAMETERS, "_count")
CHANGES = ["POST", "PUT", "PATCH", "DELETE"]
PREFIXES = {"eq", "ge", "gt", "le", "lt", "sa", "eb"}
USUAL = 100
WRITTEN_HERE = "The audit trail is written by the server alone."


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of the trail, before those that serve every type; none without a trail."""
    if api.trail is None:
        return

    @router.get(f"/{KIND}", name="search-type")
    def search(request: Request) -> Response:
        caller = allowed(api, request, "search")
        given = applied(request, SERVED)
        wanted = understood(given, api.presenter(caller), api.limits.page)
        found = found_events(api, wanted)
        page = found[: wanted.count]
        rest = page[-1].number if len(found) > wanted.count > 0 else None
        resources = presented(api, caller, page)
        base = f"{api.base(request)}/{KIND}"
        return fhir_response(searchset(page_links(base, given, rest), resources, base))

    @router.get(f"/{KIND}/{{id_}}", name="read")
    def read(id_: str, request: Request) -> Response:
        caller = allowed(api, request, "read")
        number = int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 19 else 0
        found = found_events(api, Wanted(numbers=[number], count=0))
        if not found:
            raise ResourceNotFound(KIND)
        [row] = rows_of(found, api.site)
        return answer([row], KIND, api.presenter(caller), request)

    for path in (f"/{KIND}", f"/{KIND}/{{rest:path}}"):
        router.add_api_route(path, closed, methods=CHANGES, name=CLOSED)


def closed() -> None:
    """The answer to every attempt to write."""
    raise MethodNotAllowed(["GET", "HEAD"], WRITTEN_HERE)


def allowed(api: FhirApi, request: Request, interaction: Interaction) -> Caller:
    """The caller, if the whole trail is open to it; raises Forbidden (403)."""
    caller = api.authenticate(request)
    if caller.limits(interaction, KIND):
        raise Forbidden(interaction, KIND)
    return caller


def found_events(api: FhirApi, wanted: Wanted) -> list[Recorded]:
    """One page of events, and one more to tell whether there is another."""
    return events(api.store.engine, api.site, replace(wanted, count=wanted.count + 1))


def presented(api: FhirApi, caller: Caller, found: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Events as resources, with real ids for who may see them."""
    return api.presenter(caller).present(rows_of(found, api.site))


def rows_of(found: Sequence[Recorded], site: str) -> list[StoredResource]:
    """Events as they would stand in the store."""
    return [
        StoredResource(
            KIND, str(each.number), 1, None, each.recorded_at, False, audit_event(each, site)
        )
        for each in found
    ]


def understood(given: Parameters, presenter: Presenter, most: int) -> Wanted:
    """What the parameters ask for; raises InvalidRequest naming the one that cannot be read."""
    wanted = Wanted(count=min(USUAL, most))
    for name, value in given:
        if name in {"date", "_lastUpdated"}:
            wanted = replace(wanted, moments=(*wanted.moments, bounds(name, value)))
        elif name == "_count":
            wanted = replace(wanted, count=min(whole(name, value), most))
        elif name == CURSOR:
            wanted = replace(wanted, before=whole(name, value))
        else:
            wanted = narrowed(wanted, name, value.split(","), presenter)
    return wanted


def narrowed(wanted: Wanted, name: str, values: list[str], presenter: Presenter) -> Wanted:
    """The wish with a token or reference added; one that is given twice is refused."""
    if name == "_id":
        return replace(wanted, numbers=[whole(name, each) for each in values])
    if name == "action":
        return replace(wanted, actions=[each.rpartition("|")[2] for each in values])
    if name == "patient":
        patients = [each if "/" in each else f"Patient/{each}" for each in values]
        return replace(wanted, patients=stored(name, patients, presenter))
    if name == "entity":
        return replace(wanted, entities=stored(name, values, presenter))
    if any("/" in each for each in values):
        return replace(wanted, users=stored(name, values, presenter))
    return replace(wanted, clients=values)


def stored(name: str, values: list[str], presenter: Presenter) -> list[str]:
    """References as they stand in the trail."""
    found = [presenter.stored_reference(each) for each in values]
    if None in found or not all(target_of(each) for each in values):
        raise InvalidRequest(f"{name} must be a type and an id.", f"http.{name}")
    return [each for each in found if each is not None]


def bounds(name: str, value: str) -> tuple[Any, Any]:
    """From when, inclusive, and before when."""
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    if prefix not in PREFIXES:
        raise InvalidRequest(f"{name} takes {', '.join(sorted(PREFIXES))}.", f"http.{name}")
    found = moment(name, text)
    after = {"eq": found.starts, "ge": found.starts, "gt": found.ends, "sa": found.ends}
    before = {"eq": found.ends, "le": found.ends, "lt": found.starts, "eb": found.starts}
    return after.get(prefix), before.get(prefix)


def searchset(
    links: list[dict[str, str]], resources: list[dict[str, Any]], base: str
) -> dict[str, Any]:
    """The Bundle that answers a search."""
    entries = [
        {"fullUrl": f"{base}/{each['id']}", "resource": each, "search": {"mode": "match"}}
        for each in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})
