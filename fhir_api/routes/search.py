"""FHIR search by patient, id, identifier and time of storing.

https://hl7.org/fhir/R4/search.html. A parameter that is not served is refused, unless the caller
sends `Prefer: handling=lenient`: an ignored parameter answers another question than was asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Request, Response

from fhir_api.bundles.conditional import query_token
from fhir_api.errors import InvalidRequest, UnknownParameter
from fhir_api.reidentify import Presenter
from fhir_api.routes.addresses import ID, known_type
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.store.records import StoredResource
from fhir_api.validation.elements import structures

MOST = 1000  # resources on a page
USUAL = 100
CURSOR = "_cursor"
ALWAYS = {"_id": "token", "_lastUpdated": "date", "_count": "number"}
Parameters = list[tuple[str, str]]


@dataclass(slots=True)
class Search:
    """A search as the store understands it."""

    resource_type: str
    known: Presenter
    patients: set[str] = field(default_factory=set)
    ids: set[str] | None = None
    since: datetime | None = None
    before: datetime | None = None
    count: int = USUAL
    cursor: str = ""

    def only(self, ids: set[str]) -> None:
        """Keep to these ids, and to those of an earlier parameter."""
        self.ids = ids if self.ids is None else self.ids & ids


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the route of this interaction."""

    @router.get("/{resource_type}", name="search-type")
    def search(
        resource_type: str, request: Request, prefer: Annotated[str, Header()] = ""
    ) -> Response:
        given = request.query_params.multi_items()
        lenient = "handling=lenient" in prefer
        served = applied(known_type(resource_type), given, lenient=lenient)
        presenter = api.presenter(api.authenticate(request))
        query = understood(Search(resource_type, presenter), served, api)
        url = str(request.url.replace(query=None))
        return fhir_response(searchset(query, found(query, api), served, url))


@cache
def search_parameters(resource_type: str) -> Mapping[str, str]:
    """The parameters served for a type, and the type of each."""
    elements = {element.name: element for element in structures()[resource_type].elements}
    people = {"patient", "subject"} & {
        name for name, element in elements.items() if "Reference" in element.types
    }
    named = {"patient", *people} if people else set()
    identified = {"identifier": "token"} if "identifier" in elements else {}
    return ALWAYS | identified | dict.fromkeys(sorted(named), "reference")


def applied(resource_type: str, given: Parameters, *, lenient: bool) -> Parameters:
    """The parameters that are served; raises UnknownParameter for others unless lenient."""
    served = {*search_parameters(resource_type), CURSOR}
    for name, _ in given:
        if name not in served and name != "_format" and not lenient:
            raise UnknownParameter(name, sorted(search_parameters(resource_type)))
    return [(name, value) for name, value in given if name in served]


def understood(search: Search, given: Parameters, api: FhirApi) -> Search:
    """The search that parameters ask for; raises InvalidRequest naming the parameter."""
    resource_type = search.resource_type
    for name, value in given:
        if name == "_id":
            search.only({search.known.stored_id(resource_type, each) for each in value.split(",")})
        elif name in {"patient", "subject"}:
            search.patients.add(search.known.stored_id("Patient", patient_id(name, value)))
        elif name == "identifier":
            token = query_token(resource_type, urlencode({name: value}), name, api.keys)
            search.only(set(api.store.find_by_tokens([token]).get(token, ())))
        elif name == "_lastUpdated":
            narrow(search, value)
        elif name == "_count":
            search.count = page_size(value)
        else:
            search.cursor = value
    return search


def patient_id(name: str, value: str) -> str:
    """The patient's real id in `123`, `Patient/123` or `https://…/Patient/123`."""
    kind, _, id_ = value.rpartition("/")
    if not ID.fullmatch(id_) or (kind and kind.rpartition("/")[2] != "Patient"):
        raise InvalidRequest(f"{name} must be an id, or Patient/ and an id.", name)
    return id_


def narrow(search: Search, value: str) -> None:
    """Bound the time of storing by `ge…`, `gt…`, `le…`, `lt…` or an instant or day itself."""
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    start, end = instant_range(text)
    if prefix not in {"eq", "ge", "gt", "le", "lt"}:
        raise InvalidRequest("_lastUpdated takes eq, ge, gt, le and lt.", "_lastUpdated")
    if prefix in {"eq", "ge", "gt"}:
        search.since = end if prefix == "gt" else start
    if prefix in {"eq", "le", "lt"}:
        search.before = start if prefix == "lt" else end


def instant_range(text: str) -> tuple[datetime, datetime]:
    """The first moment that a date or instant covers, and the first after it; days are in UTC."""
    day = len(text) == len("2024-01-31")
    try:
        start = datetime.fromisoformat(f"{text}T00:00:00+00:00" if day else text.replace(" ", "+"))
        return start, start + (timedelta(days=1) if day else timedelta(milliseconds=1))
    except (ValueError, OverflowError) as error:
        message = "_lastUpdated must be a day, or an instant with its zone."
        raise InvalidRequest(message, "_lastUpdated") from error


def page_size(value: str) -> int:
    """`_count`, at most 1,000."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidRequest("_count must be a whole number, 0 or more.", "_count")
    return min(int(value), MOST)


def found(search: Search, api: FhirApi) -> list[StoredResource]:
    """One page, and one more to tell whether there is another."""
    if len(search.patients) > 1 or search.count == 0:
        return []
    return api.store.search(
        search.resource_type,
        patient_id=next(iter(search.patients), None),
        ids=search.ids,
        updated=(search.since, search.before),
        page=(search.count + 1, search.cursor),
    )


def searchset(
    search: Search, rows: Sequence[StoredResource], served: Parameters, url: str
) -> dict[str, Any]:
    """The Bundle that answers: `self` shows what was applied, `next` continues after this page."""
    page = rows[: search.count]
    links = [{"relation": "self", "url": with_query(url, served)}]
    if len(rows) > search.count:
        rest = [(name, value) for name, value in served if name != CURSOR]
        following = with_query(url, [*rest, (CURSOR, page[-1].resource_id)])
        links.append({"relation": "next", "url": following})
    entries = [entry(resource, url) for resource in search.known.present(page)]
    bundle = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})


def entry(resource: dict[str, Any], url: str) -> dict[str, Any]:
    """One match."""
    return {"fullUrl": f"{url}/{resource['id']}", "resource": resource, "search": {"mode": "match"}}


def with_query(url: str, parameters: Parameters) -> str:
    """The URL with its parameters."""
    return f"{url}?{urlencode(parameters)}" if parameters else url
