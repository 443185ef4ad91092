"""The list of R4 elements is complete: it is compared with HL7's own definitions."""

import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from privacy.compartment import BY_PATIENT, BY_SUBJECT
from privacy.elements import EVERY_RESOURCE, OPEN_TYPES, read_elements
from privacy.errors import UndecidedPath
from tests.support.cleaning import policy
from tests.support.data import shared_data

ELSEWHERE = {"id", "extension", "modifierExtension"}


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    """HL7's StructureDefinitions of resources and data types, by name."""
    archive = shared_data("hl7_fhir_r4_definitions") / "definitions.tar.xz"
    with tarfile.open(archive) as tar:
        wanted = [m for m in tar if "StructureDefinition-" in m.name and m.isfile()]
        read = [json.load(tar.extractfile(member)) for member in wanted]  # type: ignore[arg-type]
    return {d["name"]: d for d in read if d.get("derivation") != "constraint"}


def paths_of(definition: dict[str, Any]) -> Iterator[str]:
    """Every element path of a definition, but those that all elements have."""
    for element in definition["snapshot"]["element"][1:]:
        if element["path"].rpartition(".")[2] not in ELSEWHERE:
            yield element["path"]


def test_every_element_of_every_covered_resource_is_listed(definitions: dict[str, Any]) -> None:
    r4 = policy().r4
    common = {element.choice for element in r4.objects[EVERY_RESOURCE]}
    listed = {f"{path}.{e.choice}" for path, es in r4.objects.items() for e in es}

    missing = {
        path
        for kind in policy().resources
        for path in paths_of(definitions[kind])
        if path not in listed and not (path.count(".") == 1 and path.split(".")[1] in common)
    }

    assert missing == set()


def test_all_resource_types_of_r4_are_known(definitions: dict[str, Any]) -> None:
    resources = {n for n, d in definitions.items() if d.get("kind") == "resource"}

    assert policy().r4.resource_types == resources - {"Resource", "DomainResource"}


def test_required_and_repeating_elements_are_marked_as_hl7_does(
    definitions: dict[str, Any],
) -> None:
    told = {
        e["path"]: (e["min"] > 0, e["max"] != "1")
        for kind in policy().resources
        for e in definitions[kind]["snapshot"]["element"]
    }

    for path, elements in policy().r4.objects.items():
        for element in elements:
            expected = told.get(f"{path}.{element.choice}")
            assert expected in (None, (element.required, element.repeats)), (path, element)


def test_every_element_of_the_policy_has_a_decision() -> None:
    for kind in policy().resources:
        for element in policy().r4.objects[kind]:
            try:
                policy().action(kind, element)
            except UndecidedPath:
                pytest.fail(f"{kind}.{element.name}")


def test_every_compartment_path_is_an_element() -> None:
    objects = policy().r4.objects

    for name, kinds in (("subject", BY_SUBJECT), ("patient", BY_PATIENT)):
        for kind in kinds.split():
            assert name in {element.name for element in objects[kind]}, kind


def test_a_choice_of_any_type_is_one_element_for_each() -> None:
    elements = read_elements("Extension: url! uri; value[x] any\n*: Patient").objects["Extension"]

    assert len(elements) == 1 + len(OPEN_TYPES)
    assert elements[-1].name == "valueMeta"
