"""Rules beyond structure: the invariants of the standard, and what a reference may point at.

The shape of every type is worked out once (`rules_of`); checking a resource is then one walk over
what it holds. Invariants and targets come from HL7's definitions (`definitions.py`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fhir_api.validation.contained import unused
from fhir_api.validation.elements import Element, resource_types, rows, structures
from fhir_api.validation.invariants import UNANSWERABLE, Invariant, mentioned
from fhir_api.validation.issue import Issue
from fhir_api.validation.periods import broken_periods
from fhir_api.validation.primitives import PRIMITIVES
from fhir_api.validation.schema import PROFILED, inherited
from privacy.references import target_of

ELSEWHERE = {"ele-1", "dom-3", "per-1", "mdd-1"}  # in the schema, `contained.py`, `periods.py`
UNUSED = "dom-3: nothing refers to this contained resource, and it refers to nothing outside."
RESOURCES = {"contained", "resource"}  # resources inside are checked on their own
MOST_ELEMENTS = 20_000  # some rules compare all elements with each other; larger ones are let pass


@dataclass(slots=True)
class Rules:
    """What is asked of one kind of element, and of what it holds.

    Attributes:
        kind: The type of the element, or its path.
        invariants: Of the element.
        targets: Resource types that it may name, if it is a Reference; empty for any.
        children: Rules of the elements below, by JSON name; those without any are left out.
    """

    kind: str
    invariants: tuple[Invariant, ...] = ()
    targets: frozenset[str] = frozenset()
    children: dict[str, "Rules"] = field(default_factory=dict)


def broken_rules(
    resource: Mapping[str, Any], prefix: str, root: Mapping[str, Any]
) -> Iterator[Issue]:
    """Each rule that a resource of right structure breaks, with the place.

    `root` is the resource that contains it, or itself.
    """
    for place in unused(resource):
        yield Issue("invariant", UNUSED, f"{prefix}.contained[{place}]")
    if weight(resource, MOST_ELEMENTS) < MOST_ELEMENTS:
        yield from broken_in(resource, rules_of(resource["resourceType"]), prefix, root)


def broken_in(
    element: Mapping[str, Any], rules: Rules, path: str, root: Mapping[str, Any]
) -> Iterator[Issue]:
    """Rules broken by an element and by those below it."""
    for invariant in rules.invariants:
        if not invariant.holds(element, root):
            yield Issue(
                "invariant", f"{invariant.key}: {invariant.human}", path, invariant.severity
            )
    yield from broken_periods(rules.kind, element, path)
    if rules.targets and not may_name(element, rules.targets):
        allowed = ", ".join(sorted(rules.targets))
        yield Issue("value", f"The reference must name one of: {allowed}.", f"{path}.reference")
    for name, value in element.items():
        below = rules.children.get(name)
        if below is not None:
            yield from broken_below(value, below, f"{path}.{name}", root)


def broken_below(value: Any, rules: Rules, path: str, root: Mapping[str, Any]) -> Iterator[Issue]:
    """Rules broken by the one or many values of an element."""
    if isinstance(value, dict):
        yield from broken_in(value, rules, path, root)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield from broken_in(item, rules, f"{path}[{index}]", root)


def may_name(element: Mapping[str, Any], targets: frozenset[str]) -> bool:
    """Whether a Reference names one of the types, or does not say a type of R4 at all."""
    reference = element.get("reference")
    target = target_of(reference) if isinstance(reference, str) else None
    return target is None or target.resource_type in targets | (
        {target.resource_type} - resource_types()
    )


def weight(node: Any, most: int) -> int:
    """How many elements a value holds; counting ends at `most`."""
    open_nodes, count = [node], 0
    while open_nodes and count < most:
        current = open_nodes.pop()
        count += 1
        if isinstance(current, dict):
            open_nodes.extend(each for each in current.values() if each.__class__ in {dict, list})
        elif isinstance(current, list):
            open_nodes.extend(each for each in current if each.__class__ in {dict, list})
    return count


@cache
def rules_of(kind: str, path: str = "") -> Rules:
    """Rules of a type, or of the element of that type at `path`; a type may hold itself."""
    rules = Rules(kind)
    RULES_BEING_MADE[kind, path] = rules
    elements = inherited(structures()[kind])
    names = children_names(elements)
    rules.invariants = tuple(
        Invariant(place, key, severity, expression, human, mentioned(expression, names))
        for place, key, severity, expression, human in unique_rules(kind, path)
    )
    rules.targets = targets().get(path, frozenset())
    for element in elements:
        rules.children |= rules_below(kind, element)
    return rules


RULES_BEING_MADE: dict[tuple[str, str], Rules] = {}


def rules_below(kind: str, element: Element) -> dict[str, Rules]:
    """Rules of an element's values by JSON name."""
    found: dict[str, Rules] = {}
    for name, fhir_type in element.names:
        if name in RESOURCES or fhir_type in PRIMITIVES or fhir_type == "Resource":
            continue
        place = f"{owner(kind, element)}.{element.name.removesuffix('[x]')}"
        inner = child_type(fhir_type, place)
        if inner in structures():
            key = (inner, place)
            found[name] = RULES_BEING_MADE.get(key) or rules_of(*key)
    return found


def owner(kind: str, element: Element) -> str:
    """The structure, `kind` or one of its bases, that has the element."""
    structure = structures()[kind]
    while element not in structure.elements:
        structure = structures()[structure.base]
    return structure.path


def child_type(fhir_type: str, place: str) -> str:
    """The structure of a value: a data type, the element itself, or one built like it."""
    if fhir_type.startswith("@"):
        return fhir_type[1:]
    return (
        place if fhir_type in {"BackboneElement", "Element"} else PROFILED.get(fhir_type, fhir_type)
    )


def children_names(elements: list[Element]) -> dict[str, list[str]]:
    """JSON names of each element, with those of its primitive extension."""
    return {
        element.name.removesuffix("[x]"): [
            json for name, _ in element.names for json in (name, f"_{name}")
        ]
        for element in elements
    }


def unique_rules(kind: str, path: str) -> list[tuple[str, ...]]:
    """Rows of the invariants of a type, its bases and the element, each rule once."""
    places = [*lineage(kind), path]
    found = {row[0]: (kind, *row) for place in places for row in invariants().get(place, ())}
    return list(found.values())


def lineage(kind: str) -> list[str]:
    """A type and the types it is made from."""
    found = [kind]
    while (base := structures()[found[-1]].base) in structures():
        found.append(base)
    return found


@cache
def invariants() -> Mapping[str, list[tuple[str, ...]]]:
    """Key, severity, expression and sentence of the rules that can be asked, by path."""
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path, *rule in rows("r4_invariants.tsv"):
        if rule[0] not in ELSEWHERE | UNANSWERABLE:
            found[path.removesuffix("[x]")].append(tuple(rule))
    return found


@cache
def targets() -> Mapping[str, frozenset[str]]:
    """Resource types that the Reference at a path may name."""
    return {path: frozenset(kinds) for path, *kinds in rows("r4_targets.tsv")}
