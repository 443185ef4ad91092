"""References between the entries of a Bundle, joined to the ids those entries get.

https://hl7.org/fhir/R4/http.html#transaction: the server rewrites references to its new ids in
`Reference.reference`, in elements of type uri, url, oid and uuid, and in the links and pictures of
narratives; canonical is left alone. Relative references are read against the fullUrl of the entry
that holds them (https://hl7.org/fhir/R4/bundle.html#references).
"""

import html
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from fhir_api.validation.elements import names_of_type, structures
from fhir_api.validation.schema import inherited

RESTFUL = re.compile(r"(?P<base>https?://.+/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})")
CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)", re.DOTALL)
ADDRESS = re.compile(
    r"""(<(?:a|img)\b[^<>]*?\b(?:href|src)\s*=\s*)(["'])([^"'<>]*)\2""", re.IGNORECASE
)
LINK_TYPES = ("uri", "url", "oid", "uuid")
OTHER_TEXTS = ("canonical", "string", "markdown")
NARRATIVE = "div"
VERSION = "/_history/"
STEM = re.compile("/_history/|#")
Names = Mapping[str, str]  # a name used inside the Bundle -> "Type/id"


@cache
def link_names() -> frozenset[str]:
    """Elements that may name another entry: `reference`, and those that hold a bare link."""
    return names_of_type(*LINK_TYPES) - doubtful_names() | {"reference"}


@cache
def doubtful_names() -> frozenset[str]:
    """Elements that hold a bare link in one type, and a canonical or a text in another."""
    return names_of_type(*LINK_TYPES) & names_of_type(*OTHER_TEXTS) - {"reference"}


@cache
def types_in(path: str) -> Mapping[str, str]:
    """FHIR type of each name that an object at a path of R4 may have."""
    structure = structures().get(path)
    elements = inherited(structure) if structure else []
    return {
        name: f"{path}.{element.name}" if kind in {"BackboneElement", "Element"} else kind
        for element in elements
        for name, kind in element.names
    }


def base_of(full_url: str | None) -> str:
    """The server part of an entry's fullUrl, against which its relative references are read."""
    found = RESTFUL.fullmatch(full_url or "")
    return found["base"] if found else ""


def rewrite(
    resource: dict[str, Any], names: Names, base: str = "", created: Collection[str] = ()
) -> "Rewriter":
    """Put the new `Type/id` wherever a resource, in place, names another entry.

    `created` are the new names of resources that get their id here. What was met is told by the
    rewriter that is given back.
    """
    rewriter = Rewriter(names, base, created)
    rewriter.walk(resource)
    if rewriter.doubtful:
        rewriter.walk_typed(resource, str(resource.get("resourceType")))
    return rewriter


class Rewriter:
    """Rewrites one resource by the names of its elements; where a name may mean two, by type.

    Attributes:
        conditional: Whether a reference with a question mark was met.
        doubtful: Whether an entry's name was met in an element whose type is not clear by name.
        joins: Whether it names a resource that gets its id here.
    """

    def __init__(self, names: Names, base: str, created: Collection[str]) -> None:
        self.names = names
        self.base = base
        self.created = created
        self.conditional = False
        self.doubtful = False
        self.joins = False

    def walk(self, node: dict[str, Any]) -> None:
        """Rewrite what is certain by its name."""
        for key, value in node.items():
            if value.__class__ is dict:
                self.walk(value)
            elif value.__class__ is list:
                self.walk_list(key, value)
            elif value.__class__ is str:
                node[key] = self.text(key, value)

    def walk_list(self, key: str, items: list[Any]) -> None:
        """Rewrite the members of a list; they have its name."""
        for index, item in enumerate(items):
            if item.__class__ is dict:
                self.walk(item)
            elif item.__class__ is list:
                self.walk_list(key, item)
            elif item.__class__ is str:
                items[index] = self.text(key, item)

    def text(self, key: str, value: str) -> str:
        """A text as it will stand."""
        if key in link_names():
            self.conditional |= key == "reference" and "?" in value
            return self.renamed(value)
        if key == NARRATIVE:
            return self.narrative(value)
        self.doubtful |= key in doubtful_names() and self.renamed(value) != value
        return value

    def renamed(self, value: str) -> str:
        """The new name of what a text names."""
        new = renamed(value, self.names, self.base, self.created)
        self.joins |= new != value and STEM.split(new)[0] in self.created
        return new

    def narrative(self, text: str) -> str:
        """A narrative with the addresses of its links and pictures rewritten."""
        return ADDRESS.sub(
            lambda found: found[1] + found[2] + self.linked(found[3]) + found[2], text
        )

    def linked(self, address: str) -> str:
        """An address of a narrative; itself when no entry has that name."""
        plain = html.unescape(address)
        new = self.renamed(plain)
        return address if new == plain else html.escape(new)

    def walk_typed(self, node: Any, path: str) -> None:
        """Rewrite elements of the link types, each known by its place in its type."""
        if isinstance(node, list):
            for item in node:
                self.walk_typed(item, path)
        elif isinstance(node, dict):
            types = types_in(str(node.get("resourceType", path)))
            for key, value in node.items():
                node[key] = self.typed(value, types.get(key, "").removeprefix("@"))

    def typed(self, value: Any, kind: str) -> Any:
        """An element of a type as it will stand."""
        if isinstance(value, str):
            return self.renamed(value) if kind in LINK_TYPES else value
        if isinstance(value, list) and kind in LINK_TYPES:
            return [self.typed(item, kind) for item in value]
        self.walk_typed(value, kind)
        return value


def renamed(reference: str, names: Names, base: str, created: Collection[str] = ()) -> str:
    """The new name of what a reference names; itself when no entry has that name.

    A version (`/_history/3`) or a fragment (`#part`) after the name is kept; the version of a
    resource that the Bundle creates is its first.
    """
    if reference in names:
        return names[reference]
    if base and base + reference in names:
        return names[base + reference]
    for mark in (VERSION, "#"):
        stem, found, rest = reference.partition(mark)
        new = names.get(stem) or names.get(base + stem) if found and stem else None
        if new is not None:
            return new + found + ("1" if mark == VERSION and new in created else rest)
    return reference


def conditional_references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each conditional reference of a resource, such as `Patient?identifier=…`, with its path."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from conditional_references(item, f"{path}[{index}]")
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict | list):
                yield from conditional_references(value, f"{path}.{key}")
            elif key == "reference" and isinstance(value, str) and is_conditional(value):
                yield f"{path}.reference", value


def is_conditional(reference: str) -> bool:
    """Whether a reference is a search that should find one resource."""
    return "?" in reference and CONDITIONAL.fullmatch(reference) is not None
