"""The search parameters and compartments of R4, as HL7 publishes them.

https://hl7.org/fhir/R4/searchparameter-registry.html. The tables beside this file were made by
`published.py`; nothing in them was typed by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

HERE = Path(__file__).parent
PARAMETERS = HERE / "r4_search_parameters.tsv"
COMPARTMENTS = HERE / "r4_compartments.tsv"
CODE_SYSTEMS = HERE / "r4_code_systems.tsv"
EVERY_RESOURCE = ("Resource", "DomainResource")
NOT_DOMAIN_RESOURCES = frozenset({"Binary", "Bundle", "Parameters"})
Kind = Literal[
    "token", "date", "reference", "string", "quantity", "number", "uri", "composite", "special"
]


@dataclass(frozen=True, slots=True)
class Component:
    """One half of a composite.

    Attributes:
        name: The search parameter that says what kind of value the half has.
        expression: FHIRPath from the element that the halves share.
    """

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One search parameter of one resource type.

    Attributes:
        name: As it stands in an address, such as `combo-code`.
        kind: How its values are compared.
        expression: FHIRPath of its values, for this type alone; empty for those of the server.
        targets: Resource types that a reference may point at.
        components: Halves of a composite.
        base: Resource type; `Resource` or `DomainResource` for what every type has.
    """

    name: str
    kind: Kind
    expression: str
    targets: tuple[str, ...]
    components: tuple[Component, ...]
    base: str


def parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    """Every search parameter that R4 defines for a type, by name, those of all types first."""
    return of_type(resource_type)


@cache
def of_type(resource_type: str) -> Mapping[str, SearchParameter]:
    """`parameters`, put together once."""
    own = published().get(resource_type) or {}
    bases = ("Resource",) if resource_type in NOT_DOMAIN_RESOURCES else EVERY_RESOURCE
    every = {name: each for base in bases for name, each in published()[base].items()}
    return MappingProxyType({**every, **own})


def compartment(name: str) -> Mapping[str, tuple[str, ...]]:
    """The search parameters by which a resource of each type is in the compartment.

    https://hl7.org/fhir/R4/compartmentdefinition-patient.html; `{def}` stands for the resource
    itself.
    """
    return compartments()[name]


@cache
def published() -> Mapping[str, Mapping[str, SearchParameter]]:
    """All of the table by base and name."""
    found: dict[str, dict[str, SearchParameter]] = {}
    for line in PARAMETERS.read_text(encoding="utf-8").splitlines():
        parameter = read_parameter(line)
        found.setdefault(parameter.base, {})[parameter.name] = parameter
    return found


@cache
def compartments() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """All compartments by name and resource type."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in COMPARTMENTS.read_text(encoding="utf-8").splitlines():
        name, resource_type, names = line.split("\t")
        found.setdefault(name, {})[resource_type] = tuple(names.split())
    return found


@cache
def code_systems() -> Mapping[str, str]:
    """The system that the codes of an element are of, though JSON does not say it, by its path."""
    lines = CODE_SYSTEMS.read_text(encoding="utf-8").splitlines()
    return {path: system for path, _, system in (line.partition("\t") for line in lines)}


def read_parameter(line: str) -> SearchParameter:
    """One row of the table."""
    base, name, kind, expression, targets, *components = line.split("\t")
    halves = (each.split(" ", 1) for each in components)
    return SearchParameter(
        name=name,
        kind=cast("Kind", kind),
        expression=expression,
        targets=tuple(targets.split()),
        components=tuple(Component(*half) for half in halves),
        base=base,
    )
