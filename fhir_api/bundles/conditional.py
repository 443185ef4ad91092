"""Criteria that must find one resource: conditional interactions and conditional references.

https://hl7.org/fhir/R4/http.html#ccreate. One identifier is answered by its keyed token without a
search; everything else is asked of the search.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fhir_api.errors import InvalidRequest, NotSupported
from fhir_api.validation.elements import resource_types
from privacy.keys import SiteKeys
from privacy.pseudonyms import identifier_token, value_token

IDENTIFIER = "identifier"
SHAPES_THE_ANSWER = frozenset(
    {"_count", "_sort", "_summary", "_elements", "_include", "_revinclude", "_total", "_format",
     "_pretty", "_contained", "_containedType", "_cursor"}
)  # fmt: skip
Token = tuple[str, str]  # resource type, identifier token


@dataclass(frozen=True)
class Criteria:
    """What must find one resource of a type.

    Attributes:
        resource_type: R4 type name.
        parameters: Names and values as asked for.
    """

    resource_type: str
    parameters: tuple[tuple[str, str], ...]

    @cached_property
    def query(self) -> str:
        """The same text for the same question, whatever the order it was asked in."""
        return urlencode(sorted(self.parameters))

    @property
    def names(self) -> list[str]:
        """The parameters, without their values."""
        return [name for name, _ in self.parameters]

    def token(self, keys: SiteKeys) -> Token | None:
        """The token that answers the question alone; None when it must be searched."""
        if self.names != [IDENTIFIER]:
            return None
        token = token_of(self.parameters[0][1], keys)
        return None if token is None else (self.resource_type, token)

    def locks(self, keys: SiteKeys) -> Iterator[Token]:
        """What must be locked so that of many who ask the same one creates."""
        tokens = [token_of(value, keys) for name, value in self.parameters if name == IDENTIFIER]
        known = [token for token in tokens if token is not None]
        yield from ((self.resource_type, token) for token in known)
        if not known:
            yield self.resource_type, self.query


def criteria_of(resource_type: str, query: str, path: str) -> Criteria:
    """The criteria of a query.

    Raises InvalidRequest, naming the element and not the query, when nothing is asked for, and
    NotSupported for a parameter that is no criterion.
    """
    parameters = tuple(parse_qsl(query, keep_blank_values=True))
    if not parameters or not all(value for _, value in parameters):
        raise InvalidRequest(f"{path} must search by at least one parameter with a value.", path)
    if any(name in SHAPES_THE_ANSWER for name, _ in parameters):
        raise NotSupported(f"{path} must hold criteria alone, nothing that shapes an answer.", path)
    return Criteria(resource_type, parameters)


def reference_criteria(reference: str, path: str) -> Criteria:
    """The criteria of a conditional reference such as `Patient?identifier=system|value`."""
    resource_type, _, query = reference.partition("?")
    if resource_type not in resource_types():
        raise InvalidRequest(f"{path} must begin with a type of R4 before its query.", path)
    return criteria_of(resource_type, query, path)


def token_of(value: str, keys: SiteKeys) -> str | None:
    """The token of `system|value`, `|value` or `value`; None for whatever is not one identifier."""
    system, bar, code = value.rpartition("|")
    if "," in value or "\\" in value or not code:
        return None
    return identifier_token(keys, system, code) if bar else value_token(keys, code)


def query_token(resource_type: str, query: str, path: str, keys: SiteKeys) -> Token:
    """The token that a query of one identifier asks for; raises NotSupported for any other."""
    token = criteria_of(resource_type, query, path).token(keys)
    if token is None:
        message = f"{path} must search by one identifier: identifier=system|value."
        raise NotSupported(message, path)
    return token


def tokens_of(resource: Mapping[str, Any], keys: SiteKeys) -> Iterator[Token]:
    """The tokens by which a resource in hand can be found."""
    identifiers = resource.get("identifier", [])
    for each in identifiers if isinstance(identifiers, list) else [identifiers]:
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, str):
            yield resource["resourceType"], identifier_token(keys, each.get("system", ""), value)
            yield resource["resourceType"], value_token(keys, value)
