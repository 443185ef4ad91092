"""Is this FHIR R4? A fast yes, or a slow no that says where and why.

Nearly everything sent is right, and the compiled schema accepts it at tens of thousands of
resources a second. What it refuses is explained by `explain.py` (docs/decisions/0006).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import Any

import jsonschema_rs

from fhir_api.validation.elements import resource_types
from fhir_api.validation.explain import MOST_ISSUES, explain
from fhir_api.validation.issue import Issue
from fhir_api.validation.prose import broken_prose
from fhir_api.validation.rules import broken_rules
from fhir_api.validation.schema import schema_of

NestedResources = Iterator[tuple[str, Any]]
Container = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Strictness:
    """What a site asks of resources beside their structure, which is always asked.

    Attributes:
        rules: Whether invariants and reference targets are checked.
        ignored: Keys of invariants that are not asked here, such as `obs-7`; `targets` for the
            targets of references.
    """

    rules: bool = True
    ignored: frozenset[str] = frozenset()

    def minds(self, issue: Issue) -> bool:
        """Whether an issue of `rules.py` counts here."""
        key = issue.diagnostics.partition(":")[0] if issue.code == "invariant" else "targets"
        return key not in self.ignored


class Validator:
    """Structure, formats, required codes, invariants and reference targets of R4 resources."""

    def __init__(self, strictness: Strictness | None = None) -> None:
        self.strictness = strictness or Strictness()

    def validate(self, resource: Any, prefix: str | None = None) -> list[Issue]:
        """What is wrong with a resource, empty when nothing is.

        `prefix` is the FHIRPath of the resource, such as `Bundle.entry[3].resource`; without it
        paths begin with the resource type.
        """
        found = self.examine(resource, prefix)
        return [issue for issue in found if issue.severity == "error"]

    def examine(
        self, resource: Any, prefix: str | None = None, root: Mapping[str, Any] | None = None
    ) -> list[Issue]:
        """What is wrong with a resource and what could be better (warnings), MOST_ISSUES at most.

        `root` is the resource that contains it, if one does.
        """
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in resource_types():
            return [untyped(resource, prefix)]
        path = prefix or kind
        found = [] if self.accepts(resource, kind) else self.explain(resource, kind, path)
        found += self.rules_broken(resource, path, root)
        for below, inner, container in nested(resource, kind):
            found += self.examine(inner, f"{path}.{below}", container)
        return sorted(found, key=lambda issue: issue.severity)[:MOST_ISSUES]

    def rules_broken(
        self, resource: Mapping[str, Any], path: str, root: Mapping[str, Any] | None
    ) -> list[Issue]:
        """Invariants and targets that the resource breaks and that the site minds."""
        if not self.strictness.rules:
            return []
        found = islice(
            chain(broken_rules(resource, path, root or resource), broken_prose(resource, path)),
            MOST_ISSUES,
        )
        return [issue for issue in found if self.strictness.minds(issue)]

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


def nested(resource: dict[str, Any], kind: str) -> Iterator[tuple[str, Any, Container]]:
    """Resources inside a resource, each with its path, and with `resource` if it is contained."""
    for path, inner in enumerated(resource.get("contained"), "contained"):
        yield path, inner, resource
    if kind == "Bundle":
        found = members(resource.get("entry"), "entry", "resource")
    elif kind == "Parameters":
        found = parameters(resource.get("parameter"), "parameter")
    else:
        return
    yield from ((path, inner, None) for path, inner in found)


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
