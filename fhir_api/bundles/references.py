"""References between the entries of a Bundle, joined to the ids those entries get.

https://hl7.org/fhir/R4/http.html#transaction: the server rewrites references to its new ids in
`Reference.reference` and in elements of type uri, url, oid and uuid; canonical is left alone.
Relative references are read against the fullUrl of the entry that holds them
(https://hl7.org/fhir/R4/bundle.html#references).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fhir_api.validation.elements import names_of_type, resource_types

RESTFUL = re.compile(r"(?P<base>https?://.+/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})")
CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)", re.DOTALL)
NOT_A_LINK = frozenset({"system", "fullUrl"})
CONTAINERS = {dict, list}
Names = Mapping[str, str]  # a name used inside the Bundle -> "Type/id"


@cache
def link_names() -> frozenset[str]:
    """Elements that may name another entry: `reference`, and those that hold a bare link."""
    bare = names_of_type("uri", "url", "oid", "uuid") - names_of_type("canonical") - NOT_A_LINK
    return bare | {"reference", "url"}  # `url` is canonical in two types of maps alone


def base_of(full_url: str | None) -> str:
    """The server part of an entry's fullUrl, against which its relative references are read."""
    found = RESTFUL.fullmatch(full_url or "")
    return found["base"] if found else ""


def rewrite(node: Any, names: Names, base: str = "") -> bool:
    """Put the new `Type/id` wherever a resource, in place, names another entry.

    Says whether a reference may be a conditional one, so that only those resources are searched
    for them.
    """
    conditional, links = False, link_names()
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if value.__class__ in CONTAINERS:
            conditional |= rewrite(value, names, base)
        elif key in links and isinstance(value, str):
            node[key] = renamed(value, names, base)
            conditional |= "?" in value
    return conditional


def renamed(reference: str, names: Names, base: str) -> str:
    """The new name of what a reference names; itself when no entry has that name.

    A version (`/_history/3`) or a fragment (`#part`) after the name is kept.
    """
    if reference in names:
        return names[reference]
    if base and base + reference in names:
        return names[base + reference]
    for mark in ("/_history/", "#"):
        stem, found, rest = reference.partition(mark)
        if found and stem and stem in names:
            return names[stem] + found + rest
    return reference


def conditional_references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each conditional reference of a resource, such as `Patient?identifier=…`, with its path."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from conditional_references(item, f"{path}[{index}]")
    elif isinstance(node, dict):
        for key, value in node.items():
            if value.__class__ in CONTAINERS:
                yield from conditional_references(value, f"{path}.{key}")
            elif key == "reference" and isinstance(value, str) and is_conditional(value):
                yield f"{path}.reference", value


def is_conditional(reference: str) -> bool:
    """Whether a reference is a search that should find one resource."""
    found = "?" in reference and CONDITIONAL.fullmatch(reference)
    return bool(found) and found["type"] in resource_types()  # type: ignore[index]
