"""Make the tables of elements, codes, reference targets and invariants from HL7's definitions.

    python -m fhir_api.validation.definitions definitions.tar.xz

writes the four `r4_*.tsv` beside this file. The archive is the R4 (4.0.1) package
of definitions, CC0: http://hl7.org/fhir/R4/downloads.html. Run it only to follow a new FHIR
release; the tables are kept in the repository, and a test makes them again where the archive is.
"""

import json
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ELEMENTS, CODES = HERE / "r4_elements.tsv", HERE / "r4_codes.tsv"
TARGETS, INVARIANTS = HERE / "r4_targets.tsv", HERE / "r4_invariants.tsv"
INHERITED = ("Element.", "BackboneElement.", "Resource.", "DomainResource.")
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
MOST_CODES = 400  # larger sets (languages, currencies, MIME types) are not listed
Row = tuple[str, ...]


def tables(archive: Path) -> tuple[list[Row], list[Row]]:
    """The rows of both tables: elements (path, min, max, types, value set) and codes."""
    definitions = read_definitions(archive)
    code_sets = {
        url: sorted(expand(url, definitions)) for url in definitions if "/ValueSet/" in url
    }
    listed = {url: codes for url, codes in code_sets.items() if 0 < len(codes) <= MOST_CODES}
    elements = [row for each in definitions.values() for row in element_rows(each, listed)]
    used = {row[4] for row in elements if row[4]}
    codes = [(name(url), *listed[url]) for url in listed if name(url) in used]
    return sorted(elements), sorted(codes)


def target_rows(definitions: Iterable[dict[str, Any]]) -> list[Row]:
    """Path of each Reference that may not name any type, and the types it may name."""
    return sorted(
        (element["path"].removesuffix("[x]"), *sorted(targets))
        for definition in definitions
        if is_a_type(definition)
        for element in definition["snapshot"]["element"][1:]
        if element["base"]["path"] == element["path"]
        and (targets := targets_of(element)) - {"Resource"} == targets
        and targets
    )


def targets_of(element: dict[str, Any]) -> set[str]:
    """Resource types that an element of type Reference may name."""
    given = [each for each in element.get("type", []) if each["code"] == "Reference"]
    return {name(profile) for each in given for profile in each.get("targetProfile", [])}


def invariant_rows(definitions: Iterable[dict[str, Any]]) -> list[Row]:
    """Path, key, severity, FHIRPath and sentence of each rule that a type adds."""
    return sorted(
        (element["path"], rule["key"], rule["severity"], one_line(rule["expression"]),
         one_line(rule["human"]))
        for definition in definitions
        if is_a_type(definition)
        for element in definition["snapshot"]["element"]
        for rule in element.get("constraint", [])
        if name(rule.get("source", definition["url"])) == definition["type"]
        and rule.get("expression")
    )  # fmt: skip


def one_line(text: str) -> str:
    """The text without what would break a line of the table."""
    return " ".join(text.split())


def read_definitions(archive: Path) -> dict[str, dict[str, Any]]:
    """Every StructureDefinition, ValueSet and CodeSystem of the archive by its canonical URL."""
    wanted = ("StructureDefinition-", "ValueSet-", "CodeSystem-")
    with tarfile.open(archive) as opened:
        members = [each for each in opened if Path(each.name).name.startswith(wanted)]
        found = [json.load(file) for each in members if (file := opened.extractfile(each))]
    return {each["url"]: each for each in found if "url" in each}


def element_rows(definition: dict[str, Any], listed: dict[str, list[str]]) -> Iterator[Row]:
    """The rows of one type: itself with its base, then the elements that it adds to the base."""
    if not is_a_type(definition):
        return
    base = definition.get("baseDefinition", "").rpartition("/")[2]
    yield (definition["type"], "", "", base, "")
    for element in definition["snapshot"]["element"][1:]:
        origin = element["base"]["path"]
        if origin == element["path"] or not origin.startswith(INHERITED):
            yield element_row(element, listed)


def is_a_type(definition: dict[str, Any]) -> bool:
    """Whether a definition is of a resource or data type, and not of a profile."""
    kind, derived = definition.get("kind"), definition.get("derivation") == "constraint"
    return kind in {"resource", "complex-type"} and not derived and "snapshot" in definition


def element_row(element: dict[str, Any], listed: dict[str, list[str]]) -> Row:
    """The row of one element. R4 calls the id of a resource a string; its own text says id."""
    binding = element.get("binding", {})
    url = binding.get("valueSet", "").partition("|")[0]
    bound = binding.get("strength") == "required" and url in listed and "code" in types(element)
    return (
        element["path"],
        str(element["min"]),
        element["max"],
        "id" if element["path"] == "Resource.id" else " ".join(types(element)),
        name(url) if bound else "",
    )


def types(element: dict[str, Any]) -> list[str]:
    """FHIR type names of an element; `@Path` for one that is built like another element."""
    if "contentReference" in element:
        return ["@" + element["contentReference"].lstrip("#")]
    return [type_name(each) for each in element.get("type", [])]


def type_name(given: dict[str, Any]) -> str:
    """The FHIR type that a definition means, where it names one of FHIRPath."""
    stated = [each["valueUrl"] for each in given.get("extension", []) if each["url"] == FHIR_TYPE]
    return stated[0] if stated else str(given["code"])


def expand(url: str, definitions: dict[str, dict[str, Any]]) -> set[str]:
    """Codes of a value set; none when a part of it lies outside FHIR or is drawn by a filter."""
    compose = definitions.get(url.partition("|")[0], {}).get("compose", {})
    parts = [included(each, definitions) for each in compose.get("include", [])]
    if not all(parts) or "exclude" in compose:
        return set()
    return set().union(*parts)


def included(include: dict[str, Any], definitions: dict[str, dict[str, Any]]) -> set[str]:
    """Codes of one part of a value set; none when they cannot be listed."""
    if "filter" in include:
        return set()
    if "concept" in include:
        return {concept["code"] for concept in include["concept"]}
    if "valueSet" in include:
        return set().union(*(expand(url, definitions) for url in include["valueSet"]))
    system = definitions.get(include["system"], {})
    return (
        set(codes_of(system.get("concept", []))) if system.get("content") == "complete" else set()
    )


def codes_of(concepts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Codes of concepts and of those below them."""
    for concept in concepts:
        yield concept["code"]
        yield from codes_of(concept.get("concept", []))


def name(url: str) -> str:
    """The last part of a canonical URL."""
    return url.rpartition("/")[2]


def text_of(rows: Iterable[Row]) -> str:
    """Tab-separated lines."""
    return "".join("\t".join(row) + "\n" for row in rows)


def main() -> None:
    """Write the tables from the archive named on the command line."""
    archive = Path(sys.argv[1])
    elements, codes = tables(archive)
    definitions = read_definitions(archive).values()
    ELEMENTS.write_text(text_of(elements))
    CODES.write_text(text_of(codes))
    TARGETS.write_text(text_of(target_rows(definitions)))
    INVARIANTS.write_text(text_of(invariant_rows(definitions)))


if __name__ == "__main__":
    main()
