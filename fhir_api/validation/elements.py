"""The elements of every R4 type, read from the tables beside this file.

The tables come from HL7's StructureDefinitions (4.0.1, CC0); `definitions.py` makes them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOTS = {"Resource", "DomainResource", "Element", "BackboneElement"}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type.

    Attributes:
        name: As in JSON, `value[x]` for one of several types.
        required: Whether it must be there (a primitive may be replaced by its extension).
        repeats: Whether it is a list.
        types: FHIR type names; `@Path` for one that is built like another element.
        codes: The codes of its required binding, empty when it has none that can be listed.
    """

    name: str
    required: bool
    repeats: bool
    types: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def names(self) -> list[tuple[str, str]]:
        """Each name it can have in JSON, with the type that this name says."""
        if not self.name.endswith("[x]"):
            return [(self.name, self.types[0])]
        stem = self.name.removesuffix("[x]")
        return [(stem + each[0].upper() + each[1:], each) for each in self.types]


@dataclass(frozen=True, slots=True)
class Structure:
    """What an object of a type, or of a nested element, is made of.

    Attributes:
        path: Such as `Observation` or `Observation.component`.
        base: Type whose elements it has as well.
        elements: Its own.
    """

    path: str
    base: str
    elements: tuple[Element, ...]


@cache
def structures() -> dict[str, Structure]:
    """Every type and every nested element with children, by its path."""
    codes = {row[0]: tuple(row[1:]) for row in rows("r4_codes.tsv")}
    bases: dict[str, str] = {}
    children: dict[str, list[Element]] = {}
    for path, least, most, types, value_set in rows("r4_elements.tsv"):
        parent, _, name = path.rpartition(".")
        if not parent:
            bases[path] = types
            continue
        parts = tuple(types.split())
        if parts[0] in {"BackboneElement", "Element"}:
            bases[path] = parts[0]
        element = Element(name, least != "0", most != "1", parts, codes.get(value_set, ()))
        children.setdefault(parent, []).append(element)
    return {
        path: Structure(path, base, tuple(children.get(path, ()))) for path, base in bases.items()
    }


@cache
def resource_types() -> frozenset[str]:
    """The 146 resource types that can be sent."""
    return frozenset(
        path
        for path, structure in structures().items()
        if structure.base in {"Resource", "DomainResource"} and path not in ROOTS
    )


@cache
def names_of_type(*fhir_types: str) -> frozenset[str]:
    """Every name that an element of one of these types has in JSON."""
    return frozenset(
        name
        for structure in structures().values()
        for element in structure.elements
        for name, fhir_type in element.names
        if fhir_type in fhir_types
    )


def rows(table: str) -> list[list[str]]:
    """The lines of a table, parted at tabs."""
    lines = (HERE / table).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]
