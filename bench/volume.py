"""How much files of FHIR hold: patients, resources, bytes of JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUFFIXES = {".json", ".ndjson"}


@dataclass(frozen=True, slots=True)
class Volume:
    """What was found.

    Attributes:
        patients: Patient resources.
        resources: All resources, Bundles not counted.
        megabytes: Of JSON text, 10**6 bytes each.
    """

    patients: int
    resources: int
    megabytes: float


def volume(inputs: Iterable[Path]) -> Volume:
    """Count the files, and every file below the folders, that end in `.json` or `.ndjson`."""
    paths = [
        path
        for given in inputs
        for path in ([given] if given.is_file() else sorted(given.rglob("*")))
        if path.suffix in SUFFIXES
    ]
    kinds = [kind for path in paths for kind in kinds_in(path)]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    return Volume(kinds.count("Patient"), len(kinds), megabytes)


def kinds_in(path: Path) -> Iterator[str]:
    """Type of each resource of one file; the entries of a Bundle, not the Bundle."""
    text = path.read_bytes()
    for document in text.splitlines() if path.suffix == ".ndjson" else [text]:
        yield from _kinds(json.loads(document))


def _kinds(document: Any) -> Iterator[str]:
    if not isinstance(document, dict) or "resourceType" not in document:
        return
    if document["resourceType"] != "Bundle":
        yield document["resourceType"]
    for entry in document.get("entry", ()):
        yield from _kinds(entry.get("resource"))
