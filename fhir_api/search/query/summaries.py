"""Parts of resources: what `_summary` and `_elements` leave of each.

https://hl7.org/fhir/R4/search.html#summary. Which elements are a summary stands in the table beside
this file, made from HL7's StructureDefinitions (4.0.1, CC0):

    python -m fhir_api.search.query.summaries definitions.tar.xz
"""

import json
import sys
import tarfile
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fhir_api.search.query.controls import Controls
from fhir_api.validation.elements import resource_types, structures

TABLE = Path(__file__).with_name("r4_summaries.tsv")
ALWAYS = frozenset({"resourceType", "id", "meta"})
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
Resource = dict[str, Any]


def part_of(resource: Resource, controls: Controls) -> Resource:
    """What is wanted of a resource; marked SUBSETTED when that is not all of it."""
    wanted = wanted_names(resource["resourceType"], controls)
    if wanted is None:
        return resource
    part = {name: each for name, each in resource.items() if name.lstrip("_") in wanted}
    meta = part.get("meta", {})
    return {**part, "meta": {**meta, "tag": [*meta.get("tag", []), SUBSETTED]}}


def wanted_names(resource_type: str, controls: Controls) -> Collection[str] | None:
    """Names of the elements wanted; None for all of them."""
    if controls.elements:
        return ALWAYS | {*controls.elements} | required(resource_type)
    if controls.summary == "true":
        return ALWAYS | summary(resource_type) | required(resource_type)
    if controls.summary == "text":
        return ALWAYS | {"text"} | required(resource_type)
    if controls.summary == "data":
        return names(resource_type) - {"text"}
    return None


@cache
def names(resource_type: str) -> frozenset[str]:
    """Names in JSON of every element of a type."""
    return ALWAYS | {name for name, _ in named(resource_type)}


@cache
def required(resource_type: str) -> frozenset[str]:
    """Names in JSON of the elements that a resource must have."""
    return frozenset(name for name, least in named(resource_type) if least)


def named(path: str) -> list[tuple[str, bool]]:
    """Each name that an element of a type has in JSON, and whether it must be there."""
    known, found = structures(), list[tuple[str, bool]]()
    while path in known:
        for element in known[path].elements:
            found += [(name, element.required) for name, _ in element.names]
        path = known[path].base
    return found


@cache
def summary(resource_type: str) -> frozenset[str]:
    """Names in JSON of the elements that are a summary of a resource."""
    return frozenset(summaries().get(resource_type, ()))


@cache
def summaries() -> Mapping[str, tuple[str, ...]]:
    """The table."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {kind: tuple(rest) for kind, *rest in (line.split("\t") for line in lines)}


def table(definitions: Iterable[Mapping[str, Any]]) -> str:
    """The table of the StructureDefinitions of resource types."""
    return "".join(
        "\t".join([each["type"], *summary_names(each)]) + "\n"
        for each in sorted(definitions, key=lambda each: str(each["type"]))
    )


def summary_names(definition: Mapping[str, Any]) -> list[str]:
    """Names in JSON of the elements at the root that are marked as a summary."""
    return [
        name
        for element in definition["snapshot"]["element"]
        if element.get("isSummary") and element["path"].count(".") == 1
        for name in json_names(element)
    ]


def json_names(element: Mapping[str, Any]) -> list[str]:
    """The names that an element can have in JSON."""
    name = str(element["path"]).partition(".")[2]
    if not name.endswith("[x]"):
        return [name]
    stem = name.removesuffix("[x]")
    return [stem + each["code"][0].upper() + each["code"][1:] for each in element["type"]]


def read_definitions(archive: Path) -> list[Mapping[str, Any]]:
    """The StructureDefinitions of resource types in HL7's archive."""
    wanted = {f"StructureDefinition-{each}.json" for each in resource_types()}
    with tarfile.open(archive) as opened:
        members = [each for each in opened if Path(each.name).name in wanted]
        return [json.load(file) for each in members if (file := opened.extractfile(each))]


def main() -> None:
    """Write the table from the archive named on the command line."""
    TABLE.write_text(table(read_definitions(Path(sys.argv[1]))), encoding="utf-8")


if __name__ == "__main__":
    main()
