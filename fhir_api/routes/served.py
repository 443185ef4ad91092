"""Which interactions and operations the registered routes serve, read off their methods and paths.

The CapabilityStatement and the audit trail ask here, so that neither can forget a route.
https://hl7.org/fhir/R4/http.html#summary
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fastapi.routing import APIRoute

from fhir_api.validation.elements import resource_types

CLOSED = "closed"  # name of routes that refuse whatever is sent to them
ANY_TYPE = "[type]"
IN_PATH = re.compile(r"\{(\w+)(?::\w+)?\}")
OPERATION = re.compile(r"\$([a-z\-]+)$")
SHAPES = {
    "GET [type]/[id]": "read",
    "GET [type]/[id]/_history/[id]": "vread",
    "PUT [type]/[id]": "update",
    "PATCH [type]/[id]": "patch",
    "DELETE [type]/[id]": "delete",
    "GET [type]/[id]/_history": "history-instance",
    "GET [type]/_history": "history-type",
    "POST [type]": "create",
    "GET [type]": "search-type",
    "POST [type]/_search": "search-type",
    "GET [id]/[id]/[type]": "search-type",
    "PUT [type]": "update",
    "PATCH [type]": "patch",
    "DELETE [type]": "delete",
    "POST ": "transaction",
    "GET _history": "history-system",
    "GET ": "search-system",
    "POST _search": "search-system",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What is served of each type; `[type]` stands for what is served of every one.

    Attributes:
        shapes: Method and path of every route, such as `PUT [type]/[id]`, by type.
        operations: Names of operations without `$`, by type; of the whole system under "".
        alone: Types that have routes of their own for everything, in place of the general ones.
    """

    shapes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    operations: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    alone: set[str] = field(default_factory=set)

    def of(self, resource_type: str) -> set[str]:
        """The shapes of all that is served of a type."""
        own = self.shapes.get(resource_type, set())
        return own if resource_type in self.alone else own | self.shapes.get(ANY_TYPE, set())

    @property
    def system(self) -> set[str]:
        """The shapes of what is served across types."""
        return self.shapes.get("", set())

    def operations_of(self, resource_type: str) -> list[str]:
        """The operations on a type; on the system for an empty one."""
        own = self.operations.get(resource_type, set())
        general = self.operations.get(ANY_TYPE, set())
        return sorted(own if resource_type in {"", *self.alone} else own | general)


def served(routes: Iterable[object]) -> Served:
    """What routes serve."""
    found = Served()
    for route in routes:
        if not isinstance(route, APIRoute):
            continue
        kind, shape = shape_of(route.path)
        if route.name == CLOSED:
            found.alone.add(kind)
            continue
        if named := OPERATION.search(shape):
            found.operations[kind].add(named[1])
        else:
            found.shapes[kind] |= {f"{method} {shape}" for method in route.methods or ()}
    return found


def shape_of(path: str) -> tuple[str, str]:
    """The type that a path is for (`[type]` for any, "" for none), and its shape."""
    parts = [place(part) for part in path.strip("/").split("/")]
    kind = parts[0] if parts[0] in resource_types() or parts[0] == ANY_TYPE else ""
    if kind and not (len(parts) > 1 and parts[-1] == ANY_TYPE):
        parts[0] = ANY_TYPE
    return kind, "/".join(parts)


def place(part: str) -> str:
    """One part of a path: a type, an id, or itself."""
    match = IN_PATH.fullmatch(part)
    if match is None:
        return part
    return ANY_TYPE if match[1] == "resource_type" else "[id]"


def interaction_of(method: str, path: str) -> str | None:
    """The restful-interaction of a route; `$name` of an operation; None for what is neither."""
    _, shape = shape_of(path)
    if named := OPERATION.search(shape):
        return f"${named[1]}"
    return SHAPES.get(f"{'GET' if method == 'HEAD' else method} {shape}")


def interactions(shapes: Iterable[str]) -> Iterator[str]:
    """The restful-interactions of shapes, each once, in the order of the specification."""
    had = set(shapes)
    yield from dict.fromkeys(word for shape, word in SHAPES.items() if shape in had)
