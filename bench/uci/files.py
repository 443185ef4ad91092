"""NDJSON files of the converted stays, one resource type a file as in a FHIR bulk export.

https://hl7.org/fhir/uv/bulkdata/export.html#response---output-request: one resource a line.
Patients are taken in shards, so that several processes can ingest at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any

from bench.uci.resources import organizations, patient_resources
from bench.uci.rows import Stay, by_patient

PATIENTS_PER_SHARD = 5_000


def write_fhir(stays: Iterable[Stay], folder: Path) -> Counter[str]:
    """Convert every patient and write `<Type>-<shard>.ndjson` files into `folder`.

    Returns:
        How many resources of each type were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = _write(organizations(), folder, "000")
    patients = by_patient(stays)
    shard = 0
    while batch := list(islice(patients, PATIENTS_PER_SHARD)):
        resources = (resource for one in batch for resource in patient_resources(one))
        written += _write(resources, folder, f"{shard:03d}")
        shard += 1
    return written


def _write(
    resources: Iterable[Mapping[str, Any]] | Sequence[Mapping[str, Any]], folder: Path, shard: str
) -> Counter[str]:
    written: Counter[str] = Counter()
    files: dict[str, IO[str]] = {}
    with ExitStack() as open_files:
        for resource in resources:
            kind = resource["resourceType"]
            if kind not in files:
                path = folder / f"{kind}-{shard}.ndjson"
                files[kind] = open_files.enter_context(path.open("w", encoding="utf-8"))
            files[kind].write(json.dumps(resource, separators=(",", ":")) + "\n")
            written[kind] += 1
    return written
