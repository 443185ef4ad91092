"""Real and synthetic records pass whole: nothing valid is refused, what features need stays."""

import bz2
import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from privacy.records import CleanResource, Refusal
from tests.support.cleaning import cleaner
from tests.support.data import shared_data

Batch = list[dict[str, Any]]
MIMIC = "http://mimic.mit.edu/"
AT_A_TIME = 200


def of_bundle(text: bytes) -> Batch:
    """The resources of a Bundle, references already pointing at ids, as ingestion gives them."""
    entries = json.loads(text, parse_float=Decimal)["entry"]
    meant = {e["fullUrl"]: _address(e) for e in entries if "fullUrl" in e}
    resources = [{**e["resource"], "id": _address(e).partition("/")[2]} for e in entries]
    return [_resolved(resource, meant) for resource in resources]


def _address(entry: dict[str, Any]) -> str:
    resource = entry["resource"]
    real_id = resource.get("id") or entry["fullUrl"].removeprefix("urn:uuid:")
    return f"{resource['resourceType']}/{real_id}"


def _resolved(value: Any, meant: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, meant) for item in value]
    if not isinstance(value, dict):
        return value
    clean = {key: _resolved(item, meant) for key, item in value.items()}
    if isinstance(clean.get("reference"), str):
        clean["reference"] = meant.get(clean["reference"], clean["reference"])
    return clean


def of_lines(path: Path) -> Iterator[Batch]:
    """The first resources of an NDJSON file."""
    with gzip.open(path, "rt") as lines:
        yield [json.loads(line, parse_float=Decimal) for line in itertools.islice(lines, AT_A_TIME)]


def refusals(batches: Iterable[Batch], notes: Any) -> list[Refusal]:
    return [
        answer
        for batch in batches
        for answer in cleaner(notes).clean_batch(batch)
        if isinstance(answer, Refusal)
    ]


def codes(value: Any) -> Iterator[tuple[str, str]]:
    """System and code of every coding and quantity."""
    if isinstance(value, list):
        for item in value:
            yield from codes(item)
    elif isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"]
        for item in value.values():
            yield from codes(item)


@pytest.mark.parametrize("notes", ["drop", "scrub"])
@pytest.mark.parametrize("folder", ["synthea_r4_notes", "synthea_r4_nonotes"])
def test_no_resource_of_synthea_is_refused(folder: str, notes: str) -> None:
    paths = sorted(shared_data(folder).glob("*.json.bz2"))[::40]

    assert refusals((of_bundle(bz2.decompress(p.read_bytes())) for p in paths), notes) == []


@pytest.mark.parametrize("notes", ["drop", "scrub"])
def test_no_resource_of_us_core_is_refused(notes: str) -> None:
    path = shared_data("us_core_bundles") / "USCore6-resource-bundle.json"

    assert refusals([of_bundle(path.read_bytes())], notes) == []


@pytest.mark.parametrize("folder", ["mimic_iv_demo_fhir/fhir", "synthea_bulk_export_ndjson"])
def test_no_line_of_a_bulk_export_is_refused(folder: str) -> None:
    paths = [p for p in sorted(shared_data(folder).glob("*.gz")) if not p.name.startswith("log")]

    assert refusals((b for p in paths for b in of_lines(p)), "scrub") == []


def test_every_code_of_mimic_stays() -> None:
    paths = sorted(shared_data("mimic_iv_demo_fhir/fhir").glob("*.gz"))
    batches = [batch for path in paths for batch in of_lines(path)]
    answers = [answer for batch in batches for answer in cleaner().clean_batch(batch)]

    sent = Counter(c for b in batches for r in b for c in codes(_without_identifiers(r)))
    kept = Counter(c for a in answers if isinstance(a, CleanResource) for c in codes(a.body))

    of_mimic = {c for c in sent if c[0].startswith(MIMIC) and "units" not in c[0]}
    assert of_mimic
    assert {code for code in of_mimic if kept[code] < sent[code]} == set()


def _without_identifiers(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "identifier"}


def test_all_references_inside_a_synthea_bundle_still_resolve() -> None:
    path = next(p for p in sorted(shared_data("synthea_r4_nonotes").glob("*.bz2")))
    answers = cleaner().clean_batch(of_bundle(bz2.decompress(path.read_bytes())))
    bodies = [answer.body for answer in answers if isinstance(answer, CleanResource)]
    known = {f"{body['resourceType']}/{body['id']}" for body in bodies}

    asked = {ref for body in bodies for ref in _references(body) if not ref.startswith("#")}

    assert asked
    assert asked <= known


def _references(value: Any) -> Iterator[str]:
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from _references(item)
    if isinstance(value, dict) and "reference" in value:
        yield value["reference"]
