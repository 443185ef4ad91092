"""What the parameters of a history ask for: `_since`, `_at`, `_count`, `_total`.

https://hl7.org/fhir/R4/http.html#history
"""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request

from fhir_api.errors import InvalidRequest, UnknownParameter
from fhir_api.moments import Interval, interval
from fhir_api.routes.preferring import lenient
from fhir_api.store.history import Asked

SERVED = ("_at", "_count", "_since", "_total")
CURSOR = "_cursor"
UNUSED = {"_format", "_pretty"}
USUAL = 100
LARGEST = 2**63
TOTALS = {"none", "estimate", "accurate"}
Parameters = list[tuple[str, str]]


def applied(request: Request, served: Sequence[str] = SERVED) -> Parameters:
    """The parameters that are served; raises UnknownParameter for others unless lenient."""
    given = [each for each in request.query_params.multi_items() if each[0] not in UNUSED]
    for name, _ in given:
        if name not in {*served, CURSOR} and not lenient(request):
            raise UnknownParameter(name, served)
    return [each for each in given if each[0] in {*served, CURSOR}]


def understood(given: Parameters, most: int) -> Asked:
    """What parameters ask for; raises InvalidRequest naming the one that cannot be read."""
    asked = Asked(count=min(USUAL, most))
    for name, value in given:
        if name == "_since":
            asked = replace(asked, since=moment(name, value).starts)
        elif name == "_at":
            found = moment(name, value)
            asked = replace(asked, at=(found.starts, found.ends))
        elif name == "_count":
            asked = replace(asked, count=min(whole(name, value), most))
        elif name == CURSOR:
            asked = replace(asked, before=whole(name, value))
        elif value not in TOTALS:
            raise InvalidRequest("_total must be none, estimate or accurate.", "http._total")
    return asked


def moment(name: str, value: str) -> Interval:
    """The interval of a date or instant; a + that was not encoded has come as a space."""
    found = interval(value.replace(" ", "+"))
    if found is None:
        raise InvalidRequest(f"{name} must be a date, or an instant with its zone.", f"http.{name}")
    return found


def whole(name: str, value: str) -> int:
    """A whole number, 0 or more."""
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) < LARGEST):
        raise InvalidRequest(f"{name} must be a whole number, 0 or more.", f"http.{name}")
    return int(value)


def wants_total(given: Parameters) -> bool:
    """Whether the caller asks to be told how many versions there are in all."""
    return any(name == "_total" and value != "none" for name, value in given)
