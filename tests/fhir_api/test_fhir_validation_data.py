"""Real and official resources: every valid one is accepted, the wrong literals are not."""

import bz2
import gzip
import json
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fhir_api.json_text import parse
from fhir_api.validation.definitions import (
    CODES,
    ELEMENTS,
    INVARIANTS,
    TARGETS,
    invariant_rows,
    read_definitions,
    tables,
    target_rows,
    text_of,
)
from fhir_api.validation.validator import Validator
from tests.support.data import shared_data
from tests.support.fhir import observation, patient

VALIDATOR = Validator()
KNOWN_TO_BE_WRONG = {
    "qs1",  # HL7's own: items of a Questionnaire without the required linkId
    "example",  # a DeviceMetric below a DeviceDefinition, a DeviceUseStatement for a Procedure
    "medrx0301",  # a MedicationRequest to be dispensed by a Practitioner
    "clinical-gender",  # an Observation performed by an Encounter
}
WRONG_IN_US_CORE = 2  # reports whose encounter is an Organization, and a Practitioner
DATES = {"date": ("Patient", "birthDate"), "date_time": ("Observation", "effectiveDateTime")}


def refused(resources: Iterator[Any]) -> list[Any]:
    return [each.get("id") for each in resources if VALIDATOR.validate(each)]


def entries(files: list[Path], opener: Any) -> Iterator[Any]:
    for file in files:
        with opener(file) as opened:
            yield from (entry["resource"] for entry in parse(opened.read())["entry"])


def lines(files: list[Path], most: int) -> Iterator[Any]:
    for file in files:
        with gzip.open(file) as opened:
            yield from (parse(line) for line in islice(opened, most) if line.strip())


def test_every_official_example_is_accepted_but_the_one_that_is_wrong() -> None:
    with zipfile.ZipFile(shared_data("hl7_fhir_r4_examples") / "examples.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        found = refused(parse(archive.read(name)) for name in names)

    assert set(found) <= KNOWN_TO_BE_WRONG


def test_every_resource_of_us_core_is_accepted() -> None:
    file = shared_data("us_core_bundles") / "USCore6-resource-bundle.json"

    found = refused(entry["resource"] for entry in parse(file.read_bytes())["entry"])

    assert len(found) == WRONG_IN_US_CORE


@pytest.mark.parametrize("folder", ["synthea_r4_notes", "synthea_r4_nonotes"])
def test_every_resource_of_synthea_bundles_is_accepted(folder: str) -> None:
    files = sorted(shared_data(folder).glob("*.bz2"))

    assert refused(entries([*files[:6], *files[-2:]], bz2.open)) == []


@pytest.mark.parametrize("folder", ["synthea_bulk_export_ndjson", "mimic_iv_demo_fhir/fhir"])
def test_every_line_of_bulk_exports_is_accepted(folder: str) -> None:
    files = sorted(shared_data(folder).glob("[A-Z]*.ndjson.gz"))

    assert refused(lines(files, 200)) == []


@pytest.mark.parametrize("kind", DATES)
def test_wrong_dates_are_refused_and_right_ones_accepted(kind: str) -> None:
    folder = shared_data("google_fhir_primitives")
    for verdict, expected in (("valid", True), ("invalid", False)):
        for literal in literals(folder / f"{kind}.{verdict}.ndjson"):
            made = {"Patient": patient, "Observation": observation}[DATES[kind][0]]
            resource = made(**{DATES[kind][1]: literal})
            assert (VALIDATOR.validate(resource) == []) is expected, literal


def literals(file: Path) -> list[Any]:
    read = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    return [each for each in read if isinstance(each, str)]


def test_the_element_tables_are_those_of_the_standard() -> None:
    archive = shared_data("hl7_fhir_r4_definitions") / "definitions.tar.xz"

    elements, codes = tables(archive)

    assert text_of(elements) == ELEMENTS.read_text()
    assert text_of(codes) == CODES.read_text()
    definitions = read_definitions(archive).values()
    assert text_of(target_rows(definitions)) == TARGETS.read_text()
    assert text_of(invariant_rows(definitions)) == INVARIANTS.read_text()
