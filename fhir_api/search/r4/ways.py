"""Paths of search parameters as ways through JSON: which name after which, and what lies there.

A choice such as `value[x]` is several names in JSON (https://hl7.org/fhir/R4/json.html), so a path
may be several ways; each ends at one data type.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_api.search.r4.expressions import Condition, NotUnderstood, Path, Step
from fhir_api.validation.elements import Element, structures

NESTED = frozenset({"BackboneElement", "Element"})


@dataclass(frozen=True, slots=True)
class Guard:
    """What an element must meet to be gone into.

    Attributes:
        condition: What is asked.
        text: Name of the element that is compared, or address of the extension.
        value: What the element must be.
    """

    condition: Condition
    text: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One name of a way.

    Attributes:
        owner: Path of the object that has it, such as `Observation.component` or `Period`.
        name: As in JSON, such as `valueQuantity`.
        guards: What the element there must meet.
    """

    owner: str
    name: str
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A way through JSON.

    Attributes:
        hops: From the resource, or from the element that halves of a composite share.
        data_type: FHIR type of what lies there, or the path of a nested element.
        refers: Type that a reference must point at; empty for any.
    """

    hops: tuple[Hop, ...]
    data_type: str
    refers: str = ""


def ways_of(start: str, path: Path) -> tuple[Way, ...]:
    """Every way that a path can take.

    Args:
        start: Resource type, or path of the element at which the path begins.
        path: As read by `fhir_api.search.r4.expressions`.

    Raises:
        NotUnderstood: R4 has no such element.
    """
    ways = [Way((), start)]
    for step in path.steps:
        ways = [each for way in ways for each in taken(way, step)]
        if not ways:
            raise NotUnderstood(f"{start}.{step.text}")
    return tuple(ways)


def taken(way: Way, step: Step) -> Iterator[Way]:
    """A way after one more step."""
    if step.does == "name":
        yield from entered(way, step.text)
    elif step.does == "type":
        if way.data_type.lower() == step.text.lower():  # HL7 writes DateTime once
            yield way
    elif step.does == "refers":
        yield replace(way, refers=step.text)
    else:
        guard = Guard(step.does, step.text, step.value)
        last = replace(way.hops[-1], guards=(*way.hops[-1].guards, guard))
        yield replace(way, hops=(*way.hops[:-1], last))


def entered(way: Way, name: str) -> Iterator[Way]:
    """A way into an element, under each of its names."""
    owner, element = element_at(way.data_type, name)
    if element is None:
        return
    for json_name, fhir_type in element.names:
        nested = f"{owner}.{name}" if fhir_type in NESTED else fhir_type.removeprefix("@")
        yield Way((*way.hops, Hop(owner, json_name)), nested, way.refers)


def element_at(path: str, name: str) -> tuple[str, Element | None]:
    """The element of an object by its name without `[x]`, and the type that defines it."""
    known = structures()
    while path in known:
        for element in known[path].elements:
            if element.name.removesuffix("[x]") == name:
                return path, element
        path = known[path].base
    return path, None
