"""Searches that must find one resource: `ifNoneExist` and conditional references.

Only `identifier` is offered, the one criterion that de-identified rows can answer: each stored
identifier has a keyed token. https://hl7.org/fhir/R4/http.html#ccreate
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fhir_api.errors import NotSupported
from privacy.keys import SiteKeys
from privacy.pseudonyms import identifier_token

Token = tuple[str, str]  # resource type, identifier token


def token_of(reference: str, path: str, keys: SiteKeys) -> Token:
    """The token that `Type?identifier=system|value` asks for."""
    resource_type, _, query = reference.partition("?")
    return query_token(resource_type, query, path, keys)


def query_token(resource_type: str, query: str, path: str, keys: SiteKeys) -> Token:
    """The token that a query `identifier=system|value` asks for.

    Raises NotSupported, naming the element and not the query, for any other criterion.
    """
    criteria = parse_qsl(query, keep_blank_values=True)
    if [name for name, _ in criteria] != ["identifier"] or not criteria[0][1]:
        message = f"{path} must search by one identifier: identifier=system|value."
        raise NotSupported(message, path)
    system, bar, value = criteria[0][1].rpartition("|")
    return resource_type, identifier_token(keys, system if bar else "", value)


def tokens_of(resource: Mapping[str, Any], keys: SiteKeys) -> Iterator[Token]:
    """The tokens by which a resource in hand can be found."""
    identifiers = resource.get("identifier", [])
    for each in identifiers if isinstance(identifiers, list) else [identifiers]:
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, str):
            yield resource["resourceType"], identifier_token(keys, each.get("system", ""), value)
