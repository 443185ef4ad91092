"""What every request is looked at for before its route is asked.

Length of address and headers, tokens in the address, number of parameters, and whether the caller
takes what we write (https://hl7.org/fhir/R4/http.html#mime-type).
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from fastapi import Request, Response

from fhir_api.errors import InvalidRequest
from fhir_api.routes.limits import Limits
from fhir_api.routes.transport import (
    AddressTooLong,
    HeadersTooLarge,
    NotAcceptable,
    TokenInAddress,
)

FHIR_JSON = "application/fhir+json"
JSON = frozenset({FHIR_JSON, "application/json", "application/json+fhir", "text/json", "json"})
LINES = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})
ANY = frozenset({"*/*", "application/*"})
FHIR_VERSIONS = {"4.0", "4.0.1"}
TOKENS = {"access_token", "id_token", "refresh_token", "client_assertion"}


def screen(request: Request, limits: Limits) -> None:
    """Raise what the request is refused for, whatever it asks."""
    scope = request.scope
    query: bytes = scope["query_string"]
    address = len(scope.get("raw_path") or scope["path"].encode()) + len(query)
    if address > limits.address_bytes:
        raise AddressTooLong(limits.address_bytes)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.header_bytes:
        raise HeadersTooLarge(limits.header_bytes)
    if query.count(b"&") >= limits.parameters:
        raise InvalidRequest(f"More than {limits.parameters} parameters are not read.", "http")
    refuse_tokens(request)
    demand_writable(request)


def refuse_tokens(request: Request) -> None:
    """Raise TokenInAddress when a name of a token stands in the path or the query."""
    given = parse_qsl(request.url.query, keep_blank_values=True)
    named = {name.strip().lower() for name, _ in given}
    if named & TOKENS or any(f"{name}=" in request.url.path.lower() for name in TOKENS):
        raise TokenInAddress


def demand_writable(request: Request) -> None:
    """Raise NotAcceptable unless `_format`, or else Accept, names a format that we write."""
    asked = request.query_params.get("_format")
    if asked:
        if media_type(asked.replace(" ", "+")) not in JSON | LINES:
            raise NotAcceptable("http._format")
    elif not any(each in JSON | LINES | ANY for each in accepted(request)):
        raise NotAcceptable("http.Accept")


def accepted(request: Request) -> Iterator[str]:
    """The media types that the caller takes; anything when it does not say."""
    header = request.headers.get("accept", "*/*")
    for each in header.split(","):
        kind = media_type(each)
        if kind:
            yield kind


def media_type(text: str) -> str:
    """The type without parameters; empty when they rule it out, as another FHIR version does."""
    kind, *parameters = (each.strip().lower() for each in text.split(";"))
    named = dict(each.partition("=")[::2] for each in parameters)
    unwanted = named.get("q", "1").strip("0.") == ""
    version = named.get("fhirversion", "4.0").strip('"')
    foreign = version not in FHIR_VERSIONS or "utf-8" not in named.get("charset", "utf-8")
    return "" if unwanted or foreign else kind


def demand_accepted(request: Request, response: Response) -> None:
    """Raise NotAcceptable when a route has read something that the caller does not take."""
    kind = media_type(response.headers.get("content-type", ""))
    if not kind or request.method != "GET" or request.query_params.get("_format"):
        return
    family = next((each for each in (JSON, LINES) if kind in each), None)
    if family is not None and not any(each in family | ANY for each in accepted(request)):
        raise NotAcceptable("http.Accept")
