"""Is this FHIR R4? A fast yes, or a slow no that says where and why.

Nearly everything sent is right, and the compiled schema accepts it at tens of thousands of
resources a second. What it refuses is explained by `explain.py` (docs/decisions/0006).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from fhir_api.validation.elements import resource_types
from fhir_api.validation.explain import MOST_ISSUES, explain
from fhir_api.validation.issue import Issue
from fhir_api.validation.schema import schema_of

NestedResources = Iterator[tuple[str, Any]]


class Validator:
    """Structure, cardinality, formats and required codes of R4 resources."""

    def validate(self, resource: Any, prefix: str | None = None) -> list[Issue]:
        """What is wrong with a resource, empty when nothing is.

        `prefix` is the FHIRPath of the resource, such as `Bundle.entry[3].resource`; without it
        paths begin with the resource type.
        """
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in resource_types():
            return [untyped(resource, prefix)]
        found = [] if self.accepts(resource, kind) else self.explain(resource, kind, prefix or kind)
        for path, inner in nested(resource, kind):
            found += self.validate(inner, f"{prefix or kind}.{path}")
        return found[:MOST_ISSUES]

    def accepts(self, resource: Mapping[str, Any], kind: str) -> bool:
        """The fast path: whether the compiled schema finds nothing wrong."""
        return bool(compiled(kind).is_valid(resource))

    def explain(self, resource: Mapping[str, Any], kind: str, prefix: str) -> list[Issue]:
        """The slow path: what is wrong, element by element."""
        return explain(compiled(kind), resource, kind, prefix)


@cache
def compiled(kind: str) -> Any:
    """The compiled schema of a type, made when the type is first met and kept by the process."""
    return jsonschema_rs.validator_for(schema_of(kind))


def untyped(resource: Any, prefix: str | None) -> Issue:
    """The issue of something that says no resource type of R4."""
    if not isinstance(resource, dict):
        return Issue("structure", "A resource is a JSON object.", prefix)
    path = f"{prefix}.resourceType" if prefix else "resourceType"
    return Issue("structure", "resourceType must name a resource type of FHIR R4.", path)


def nested(resource: Mapping[str, Any], kind: str) -> NestedResources:
    """Resources inside a resource, each with its path."""
    yield from enumerated(resource.get("contained"), "contained")
    if kind == "Bundle":
        yield from members(resource.get("entry"), "entry", "resource")
    if kind == "Parameters":
        yield from parameters(resource.get("parameter"), "parameter")


def enumerated(items: Any, name: str) -> NestedResources:
    """Members of a list with their paths; none when it is no list."""
    if isinstance(items, list):
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(items))


def members(items: Any, name: str, inner: str) -> NestedResources:
    """The resource inside each member of a list of objects."""
    for path, item in enumerated(items, name):
        if isinstance(item, dict) and inner in item:
            yield f"{path}.{inner}", item[inner]


def parameters(items: Any, name: str) -> NestedResources:
    """Resources inside Parameters, at any depth of parts."""
    yield from members(items, name, "resource")
    for path, item in enumerated(items, name):
        if isinstance(item, dict):
            yield from parameters(item.get("part"), f"{path}.part")
