"""What a client asks of an export, read strictly: a parameter that is misread exports too much.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from fhir_api.bulk.parameters import Given
from fhir_api.errors import InvalidRequest, NotSupported, shown_name
from fhir_api.validation.elements import resource_types, structures

Level = Literal["system", "patient", "group"]
Query = tuple[tuple[str, str], ...]
FORMATS = {"application/fhir+ndjson", "application/ndjson", "ndjson"}
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
NEXT_FILTER = re.compile(r",(?=[A-Z][A-Za-z]+\?)")  # a comma inside a query parts its values
ELEMENT = re.compile(r"(?:(?P<type>[A-Z][A-Za-z]+)\.)?(?P<name>[a-z][A-Za-z]*)")
NO_CRITERIA = {
    "_include", "_revinclude", "_sort", "_count", "_summary", "_elements", "_total", "_format",
    "_contained", "_containedType",
}  # fmt: skip
NOT_OFFERED = {
    "organizeOutputBy": "files hold one type each; group them by patient.reference yourself",
    "allowPartialManifests": "the manifest is given when all files are there",
}
PROVENANCE = ("LatestProvenanceResources", "RelevantProvenanceResources")


@dataclass(slots=True)
class Asked:
    """An export as it was asked for.

    Attributes:
        types: Of `_type`; None for all.
        since: Of `_since`.
        until: Of `_until`.
        elements: Type (empty for all) and name of each of `_elements`.
        patients: References of `patient`; None for all.
        filters: Type and query of each `_typeFilter`.
        provenance: Of `includeAssociatedData`; empty for none.
        ignored: What a lenient client asked for and does not get, in sentences.
    """

    types: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    elements: tuple[tuple[str, str], ...] = ()
    patients: tuple[str, ...] | None = None
    filters: tuple[tuple[str, Query], ...] = ()
    provenance: str = ""
    ignored: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kickoff:
    """How the request came.

    Attributes:
        level: Of the operation.
        now: For what lies in the future.
        posted: Whether in a Parameters resource.
        lenient: Whether `Prefer: handling=lenient` was sent.
    """

    level: Level
    now: datetime
    posted: bool = False
    lenient: bool = False


class RootElement(NamedTuple):
    """An element at the root of a resource.

    Attributes:
        stem: `value` for `valueQuantity`, as FHIRPath has it.
        required: Whether it must be there.
    """

    stem: str
    required: bool


Reader = Callable[[Asked, list[str], Kickoff], None]


def read_asked(given: Given, kickoff: Kickoff) -> Asked:
    """The export that parameters ask for.

    Raises InvalidRequest or NotSupported (400) naming the parameter; a lenient client gets the
    rest, and is told in an `error` file what was left out. What would widen the export when
    ignored is refused to lenient clients as well.
    """
    asked = Asked()
    values: dict[str, list[str]] = {}
    for name, value in given:
        values.setdefault(name, []).append(value)
    for name, each in values.items():
        reader = READERS.get(name, unknown(name))
        try:
            reader(asked, each, kickoff)
        except NotSupported as error:
            if not kickoff.lenient:
                raise
            asked.ignored.append(str(error))
    check_filters(asked)
    return asked


def unknown(name: str) -> Reader:
    """What is done about a parameter that has no reader."""
    reason = NOT_OFFERED.get(name)

    def refuse(_asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
        if name == "allowPartialManifests" and values == ["false"]:
            return
        if reason is not None:
            raise NotSupported(f"{name} is not offered: {reason}.", name)
        known = ", ".join(sorted(READERS))
        raise NotSupported(
            f"The export parameter {shown_name(name)} is not known. These are: {known}."
        )

    return refuse


def read_format(_asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """NDJSON in one of its names; a plus sign of the name may have become a space on the way."""
    if not {each.replace(" ", "+") for each in values} <= FORMATS:
        names = ", ".join(sorted(FORMATS))
        raise InvalidRequest(f"_outputFormat must be one of {names}.", "_outputFormat")


def read_types(asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """Type names; one that R4 has not is refused, or left out for a lenient client."""
    names = listed(values)
    wrong = [each for each in names if each not in resource_types()]
    asked.types = tuple(each for each in names if each in resource_types())
    if wrong or not names:
        raise NotSupported("_type names what is no resource type of R4.", "_type")


def read_since(asked: Asked, values: list[str], kickoff: Kickoff) -> None:
    """An instant that has been."""
    asked.since = instant(values, "_since")
    if asked.since > kickoff.now:
        raise InvalidRequest("_since must not lie in the future.", "_since")


def read_until(asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """An instant; one in the future changes nothing."""
    asked.until = instant(values, "_until")


def read_elements(asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """Root elements, of one type or of all; a name that no type has is refused."""
    found = []
    for each in listed(values):
        match = ELEMENT.fullmatch(each)
        if match is None or not is_element(match["type"], match["name"]):
            message = "_elements takes root elements, such as id or Patient.birthDate."
            raise InvalidRequest(message, "_elements")
        found.append((match["type"] or "", match["name"]))
    asked.elements = tuple(found)


def read_patients(asked: Asked, values: list[str], kickoff: Kickoff) -> None:
    """References to patients; of a POST, and not for the whole system."""
    if kickoff.level == "system" or not kickoff.posted:
        message = "patient is for Patient/$export and Group/[id]/$export, in a POST."
        raise InvalidRequest(message, "patient")
    kinds = [each.rpartition("/")[0].rpartition("/")[2] for each in values]
    if any(kind not in {"Patient", ""} for kind in kinds):
        raise InvalidRequest("patient must be references such as Patient/17.", "patient")
    asked.patients = tuple(each.rpartition("/")[2] for each in values)


def read_associated(asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """Which Provenance comes along."""
    names = listed(values)
    wrong = [each for each in names if each not in PROVENANCE]
    for each in names:
        asked.provenance = each if each in PROVENANCE else asked.provenance
    if wrong or len(names) != 1:
        message = f"includeAssociatedData takes one of {', '.join(PROVENANCE)}."
        raise NotSupported(message, "includeAssociatedData")


def read_filters(asked: Asked, values: list[str], _kickoff: Kickoff) -> None:
    """Search queries, each for a type; parameters that choose no resources are refused."""
    found = []
    for each in (query for value in values for query in NEXT_FILTER.split(value)):
        kind, mark, query = each.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        if kind not in resource_types() or not mark or not pairs:
            message = "_typeFilter takes queries such as Observation?status=final."
            raise InvalidRequest(message, "_typeFilter")
        if any(name.partition(":")[0] in NO_CRITERIA for name, _ in pairs):
            message = "_typeFilter takes search criteria; _include, _sort and their like are none."
            raise InvalidRequest(message, "_typeFilter")
        found.append((kind, pairs))
    asked.filters = tuple(found)


def ignore(_asked: Asked, _values: list[str], _kickoff: Kickoff) -> None:
    """What changes nothing here: the format of answers is negotiated elsewhere."""


READERS: dict[str, Reader] = {
    "_outputFormat": read_format,
    "_type": read_types,
    "_since": read_since,
    "_until": read_until,
    "_elements": read_elements,
    "patient": read_patients,
    "includeAssociatedData": read_associated,
    "_typeFilter": read_filters,
    "_format": ignore,
}


def check_filters(asked: Asked) -> None:
    """Refuse a filter for a type that is not exported: its author expects something else."""
    if asked.types is not None and any(kind not in asked.types for kind, _ in asked.filters):
        raise InvalidRequest("_typeFilter is for a type that _type leaves out.", "_typeFilter")


def listed(values: list[str]) -> list[str]:
    """Values of a parameter that may be repeated, or hold a comma list."""
    found = (each.strip() for value in values for each in value.split(","))
    return list(dict.fromkeys(each for each in found if each))


def instant(values: list[str], name: str) -> datetime:
    """One instant; a plus sign of its zone may have become a space on the way."""
    text = values[0].replace(" ", "+")
    try:
        moment = datetime.fromisoformat(text) if INSTANT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or len(values) != 1:
        message = f"{name} must be one instant with its zone, such as 2024-01-31T12:00:00Z."
        raise InvalidRequest(message, name)
    return moment


def is_element(resource_type: str | None, name: str) -> bool:
    """Whether a type, or any type, has a root element of this name."""
    kinds = resource_types() if resource_type is None else {resource_type} & resource_types()
    elements = (each for kind in kinds for each in root_elements(kind).items())
    return any(name in {json_name, element.stem} for json_name, element in elements)


def root_elements(resource_type: str) -> dict[str, RootElement]:
    """Every name that a root element of a type can have in JSON."""
    found: dict[str, RootElement] = {}
    path = resource_type
    while path in structures():
        structure = structures()[path]
        for element in structure.elements:
            each = RootElement(element.name.removesuffix("[x]"), element.required)
            found |= dict.fromkeys((name for name, _ in element.names), each)
        path = structure.base
    return found
