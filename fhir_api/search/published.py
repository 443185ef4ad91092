"""Make the tables of search parameters and compartments from HL7's own definitions.

    python -m fhir_api.search.published definitions.tar.xz

writes `r4_search_parameters.tsv` and `r4_compartments.tsv` beside this file. The archive is the R4
(4.0.1) package of definitions, CC0: http://hl7.org/fhir/R4/downloads.html. Run it only to follow a
new FHIR release; a test makes the tables again where the archive is.
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fhir_api.search.registry import COMPARTMENTS, PARAMETERS

WANTED = ("SearchParameter-", "CompartmentDefinition-")
EXAMPLE = "example"
FIRST_WORD = re.compile(r"[A-Za-z]+")
Row = tuple[str, ...]
Definition = Mapping[str, Any]


def tables(archive: Path) -> tuple[list[Row], list[Row]]:
    """Parameters (base, name, kind, expression, targets, components) and compartments."""
    found = read_definitions(archive)
    searches = {each["url"]: each for each in found if each["resourceType"] == "SearchParameter"}
    areas = [each for each in found if each["resourceType"] == "CompartmentDefinition"]
    parameters = {row for each in searches.values() for row in parameter_rows(each, searches)}
    return sorted(parameters), sorted(row for each in areas for row in compartment_rows(each))


def read_definitions(archive: Path) -> list[Definition]:
    """The SearchParameters and CompartmentDefinitions of the archive."""
    with tarfile.open(archive) as opened:
        members = [each for each in opened if Path(each.name).name.startswith(WANTED)]
        return [json.load(file) for each in members if (file := opened.extractfile(each))]


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


def text_of(rows: Iterable[Row]) -> str:
    """Tab-separated lines."""
    return "".join("\t".join(row) + "\n" for row in rows)


def main() -> None:
    """Write both tables from the archive named on the command line."""
    parameters, compartments = tables(Path(sys.argv[1]))
    PARAMETERS.write_text(text_of(parameters), encoding="utf-8")
    COMPARTMENTS.write_text(text_of(compartments), encoding="utf-8")


if __name__ == "__main__":
    main()
