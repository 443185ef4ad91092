"""What a batch itself says about who its people are.

The probes of the leak gate and of note scrubbing, held in memory while one batch is cleaned and
never anywhere else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PEOPLE = frozenset({"Patient", "Person", "Practitioner", "RelatedPerson"})
PLACES = frozenset({"Organization", "Location", "HealthcareService"})
DEMOGRAPHIC = PEOPLE | PLACES | {"PractitionerRole", "CareTeam"}
HOLDERS = {"Bundle": "entry", "Parameters": "parameter"}
MAIDEN_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
PLACE_PARTS = ("city", "district")


@dataclass(slots=True)
class Identifiers:
    """Direct identifiers of one batch, as sent.

    Attributes:
        people: Parts of each person's name: given names first, then the family name.
        displayed: Names of people as written beside references to them.
        places: Names of organisations and locations.
        cities: Cities and districts of addresses.
        lines: Street lines of addresses.
        numbers: Phones, e-mail addresses, values of identifiers, ids.
        birth_dates: Exact ones, `YYYY-MM-DD`.
    """

    people: set[tuple[str, ...]] = field(default_factory=set)
    displayed: set[tuple[str, ...]] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    cities: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    birth_dates: set[str] = field(default_factory=set)


def identifiers_of(resources: Iterable[Mapping[str, Any]], *, displays: bool) -> Identifiers:
    """Everything that identifies somebody in `resources` and in what they contain.

    Args:
        resources: As sent.
        displays: Read the names beside references too, wherever they stand; slower, for notes.
    """
    found = Identifiers()
    for resource in _with_nested(resources):
        _add_ids(found, resource)
        if str(resource.get("resourceType")) in DEMOGRAPHIC:
            _add_demographics(found, resource)
        if displays:
            _add_displays(found, resource)
    return found


def _with_nested(resources: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for resource in resources:
        if not isinstance(resource, Mapping):
            continue
        yield resource
        if "contained" in resource:
            yield from _with_nested(_items(resource["contained"]))
        holder = HOLDERS.get(str(resource.get("resourceType")))
        if holder is not None:
            inner = (i.get("resource") for i in _items(resource.get(holder)) if _is_object(i))
            yield from _with_nested(inner)


def _add_ids(found: Identifiers, resource: Mapping[str, Any]) -> None:
    real_id = resource.get("id")
    if isinstance(real_id, str):
        found.numbers.add(real_id)
    if "identifier" not in resource:
        return
    for identifier in _items(resource["identifier"]):
        if _is_object(identifier) and isinstance(identifier.get("value"), str):
            found.numbers.add(identifier["value"])


def _add_demographics(found: Identifiers, value: Mapping[str, Any]) -> None:
    """Names, telecoms and addresses at any depth of a demographic resource."""
    is_place = str(value.get("resourceType")) in PLACES
    for key, item in value.items():
        for part in _items(item):
            if key in {"name", "alias"} and (is_place or _is_object(part)):
                _add_name(found, part)
            elif key == "telecom" and _is_object(part):
                found.numbers.update(_strings(part, "value"))
            elif key == "birthDate" and isinstance(part, str):
                found.birth_dates.add(part)
            elif _is_object(part):
                _add_address(found, part)
                _add_maiden_name(found, part)
                _add_demographics(found, part)


def _add_name(found: Identifiers, name: Any) -> None:
    if isinstance(name, str):
        found.places.add(name)
        return
    found.people.add((*_strings(name, "given"), *_strings(name, "family")))
    found.people.update(tuple(text.split()) for text in _strings(name, "text"))


def _add_address(found: Identifiers, address: Mapping[str, Any]) -> None:
    found.lines.update(_strings(address, "line"))
    for part in PLACE_PARTS:
        found.cities.update(_strings(address, part))


def _add_maiden_name(found: Identifiers, extension: Mapping[str, Any]) -> None:
    if extension.get("url") == MAIDEN_NAME:
        found.people.update(tuple(name.split()) for name in _strings(extension, "valueString"))


def _add_displays(found: Identifiers, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _add_displays(found, item)
    elif isinstance(value, Mapping):
        if isinstance(value.get("display"), str) and isinstance(value.get("reference"), str):
            _add_display(found, value["reference"], value["display"])
        for item in value.values():
            if isinstance(item, list | dict):
                _add_displays(found, item)


def _add_display(found: Identifiers, reference: str, display: str) -> None:
    if any(kind in reference for kind in PEOPLE):
        found.displayed.add(tuple(display.split()))
    elif any(kind in reference for kind in PLACES):
        found.places.add(display)


def _strings(value: Mapping[str, Any], name: str) -> list[str]:
    return [item for item in _items(value.get(name)) if isinstance(item, str) and item.strip()]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)
