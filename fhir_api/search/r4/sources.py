"""Where each search parameter finds its values, worked out once from its expression.

The extraction reads by it, and what is advertised is asked of it: both mean the same elements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fhir_api.search.r4.expressions import NotUnderstood, paths_of
from fhir_api.search.r4.kinds import READINGS
from fhir_api.search.r4.registry import Component, SearchParameter, parameters
from fhir_api.search.r4.ways import Way, ways_of

IDENTIFIER, REFERENCE = "Identifier", "Reference"
BY_STORE = frozenset({"_id", "_lastUpdated"})  # found by the head of a resource, not by its values


@dataclass(frozen=True, slots=True)
class Half:
    """One part of a composite.

    Attributes:
        kind: Of the search parameter that it stands for.
        ways: From the shared element, or from the resource.
        from_root: They begin at the resource.
    """

    kind: str
    ways: tuple[Way, ...]
    from_root: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Where one search parameter of one type finds its values.

    Attributes:
        parameter: The search parameter.
        ways: To its values; of a composite, to the elements that its parts share.
        halves: Parts of a composite, for each way.
        holds: It asks whether something is there and not false.
        why_not: Why it finds none; empty when it does.
    """

    parameter: SearchParameter
    ways: tuple[Way, ...] = ()
    halves: tuple[tuple[Half, ...], ...] = ()
    holds: bool = False
    why_not: str = ""


@cache
def sources(resource_type: str) -> tuple[Source, ...]:
    """Of every search parameter that R4 defines for a type."""
    known = parameters(resource_type).values()
    return tuple(source(resource_type, each) for each in known if each.name not in BY_STORE)


def source(resource_type: str, parameter: SearchParameter) -> Source:
    """Of one search parameter."""
    if not parameter.expression:
        return Source(parameter, why_not="HL7 publishes no expression for it.")
    try:
        paths = paths_of(parameter.expression, parameter.base)
        ways = tuple(way for path in paths for way in ways_of(resource_type, path))
        if parameter.kind == "composite":
            return composite(resource_type, parameter, ways)
    except NotUnderstood as error:
        return Source(parameter, why_not=str(error))
    if any(path.holds for path in paths):
        return Source(parameter, ways, holds=True)
    return readable(parameter, ways)


def readable(parameter: SearchParameter, ways: tuple[Way, ...]) -> Source:
    """The ways that end at something which this kind of parameter can compare."""
    if kept := tuple(way for way in ways if can_read(parameter.kind, way)):
        return Source(parameter, kept)
    types = ", ".join(sorted({way.data_type for way in ways}))
    return Source(parameter, why_not=f"{types} cannot be compared as {parameter.kind}.")


def can_read(kind: str, way: Way) -> bool:
    """Whether values at the end of a way can be compared so; identifiers by their keyed tokens."""
    return (kind, way.data_type) in READINGS or (kind, way.data_type) == ("token", IDENTIFIER)


def composite(resource_type: str, parameter: SearchParameter, ways: tuple[Way, ...]) -> Source:
    """Of a composite; raises NotUnderstood when a part of it cannot be compared."""
    halves = tuple(
        tuple(half(resource_type, way, each) for each in parameter.components) for way in ways
    )
    return Source(parameter, ways, halves)


def half(resource_type: str, shared: Way, component: Component) -> Half:
    """One part of a composite, seen from the element that the parts share."""
    kind = parameters(resource_type)[component.name].kind
    paths = paths_of(component.expression)
    from_root = paths[0].from_root
    start = resource_type if from_root else shared.data_type
    ways = (way for path in paths for way in ways_of(start, path))
    kept = tuple(way for way in ways if (kind, way.data_type) in READINGS)
    if not kept:
        raise NotUnderstood(component.expression)
    return Half(kind, kept, from_root)


def keyed(resource_type: str) -> Iterator[tuple[str, Way]]:
    """Lanes of keyed tokens that are made of a resource as sent, and the ways to them.

    Identifiers of the resource itself are none of them: `CleanResource.identifier_tokens`.
    """
    for each in sources(resource_type):
        for way in each.ways if not each.halves else ():
            if way.data_type == REFERENCE and each.parameter.kind == "reference":
                yield f"{each.parameter.name}:identifier", way
            elif way.data_type == IDENTIFIER and [hop.name for hop in way.hops] != ["identifier"]:
                yield each.parameter.name, way
