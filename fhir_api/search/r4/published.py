"""Make the tables of search parameters, compartments and systems from HL7's own definitions.

    python -m fhir_api.search.r4.published definitions.tar.xz

writes `r4_search_parameters.tsv`, `r4_compartments.tsv` and `r4_code_systems.tsv` beside this file.
The archive is the R4 (4.0.1) package of definitions, CC0: http://hl7.org/fhir/R4/downloads.html.
Run it only to follow a new FHIR release; a test makes the tables again where the archive is.
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fhir_api.search.r4.registry import CODE_SYSTEMS, COMPARTMENTS, PARAMETERS

WANTED = ("SearchParameter-", "CompartmentDefinition-", "StructureDefinition-", "ValueSet-")
EXAMPLE = "example"
FIRST_WORD = re.compile(r"[A-Za-z]+")
Row = tuple[str, ...]
Definition = Mapping[str, Any]


def tables(archive: Path) -> tuple[list[Row], list[Row], list[Row]]:
    """Parameters (base, name, kind, expression, targets, components), compartments, systems."""
    found = read_definitions(archive)
    searches = by_url(found, "SearchParameter")
    sets = by_url(found, "ValueSet")
    parameters = {row for each in searches.values() for row in parameter_rows(each, searches)}
    areas = by_url(found, "CompartmentDefinition").values()
    types = by_url(found, "StructureDefinition").values()
    return (
        sorted(parameters),
        sorted(row for each in areas for row in compartment_rows(each)),
        sorted({row for each in types for row in system_rows(each, sets)}),
    )


def read_definitions(archive: Path) -> list[Definition]:
    """The definitions of the archive that are wanted."""
    with tarfile.open(archive) as opened:
        members = [each for each in opened if Path(each.name).name.startswith(WANTED)]
        return [json.load(file) for each in members if (file := opened.extractfile(each))]


def by_url(found: Iterable[Definition], kind: str) -> dict[str, Definition]:
    """The definitions of one kind by their canonical address."""
    return {each["url"]: each for each in found if each["resourceType"] == kind}


def parameter_rows(given: Definition, searches: Mapping[str, Definition]) -> Iterator[Row]:
    """One row for each type that a parameter is for, with the part of the expression for it.

    None for HL7's examples of definitions.
    """
    if given["url"].rpartition("/")[2].startswith(EXAMPLE):
        return
    halves = [
        f"{searches[half['definition']]['code']} {half['expression']}"
        for half in given.get("component", ())
    ]
    targets = " ".join(sorted(given.get("target", ())))
    for base in given.get("base", ()):
        expression = part_for(base, given.get("expression", ""))
        yield (base, given["code"], given["type"], expression, targets, *halves)


def part_for(base: str, expression: str) -> str:
    """The parts of a union that begin at the type; one that names no type is meant for each."""
    parts = (part.strip() for part in expression.split("|") if expression)
    whole = (f"{base}.{part}" if part[0].islower() else part for part in parts)
    return " | ".join(part for part in whole if type_of(part) == base)


def type_of(part: str) -> str:
    """The type at which a part of an expression begins."""
    found = FIRST_WORD.search(part)
    return found[0] if found else ""


def compartment_rows(given: Definition) -> Iterator[Row]:
    """One row for each type in a compartment; HL7's example of a definition is none."""
    if given["url"].rpartition("/")[2] != given["code"].lower():
        return
    for each in given["resource"]:
        if names := each.get("param"):
            yield (given["code"], each["code"], " ".join(names))


def system_rows(given: Definition, sets: Mapping[str, Definition]) -> Iterator[Row]:
    """Each element of type code whose codes are all of one system, and that system."""
    if given.get("derivation") == "constraint":
        return
    for element in given["snapshot"]["element"]:
        binding = element.get("binding", {})
        is_code = [each["code"] for each in element.get("type", ())] == ["code"]
        if is_code and binding.get("strength") == "required":
            url = binding["valueSet"].partition("|")[0]
            systems = systems_of(sets[url]) if url in sets else set()
            if len(systems) == 1:
                yield (element["path"], *systems)


def systems_of(value_set: Definition) -> set[str]:
    """The systems that a value set draws from; none when another value set is part of it."""
    parts = value_set.get("compose", {}).get("include", ())
    whole = all("system" in part for part in parts)
    return {part["system"] for part in parts} if whole else set()


def text_of(rows: Iterable[Row]) -> str:
    """Tab-separated lines."""
    return "".join("\t".join(row) + "\n" for row in rows)


def main() -> None:
    """Write the tables from the archive named on the command line."""
    places = (PARAMETERS, COMPARTMENTS, CODE_SYSTEMS)
    for path, rows in zip(places, tables(Path(sys.argv[1])), strict=True):
        path.write_text(text_of(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
