"""`simulate`: the folder of a hospital.

OUT/hospital.json      organisations, practitioners, roles, wards: one transaction
OUT/patients/N.json    a patient's history up to the last day: one transaction
OUT/later/N.json       what became known in the days after it: one transaction
OUT/discharges/N.json  what an EHR would send when that patient leaves, as CDS Hooks prefetch
OUT/truth.jsonl        the true risk and outcome of each discharge
OUT/phi.jsonl          each note's text with the exact spans of its identifiers
OUT/manifest.json      the options, the end of observation, and counts
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from homeward.simulation.bundles import References, hospital_bundle, later_bundle, new_bundle
from homeward.simulation.calls import called_stay, discharge_call
from homeward.simulation.chance import stream
from homeward.simulation.clock import age_on
from homeward.simulation.health import health
from homeward.simulation.hospital import Hospital, hospital
from homeward.simulation.lives import Life, live
from homeward.simulation.options import (
    FolderInUse,
    Manifest,
    Options,
    Progress,
    Span,
    empty_manifest,
)
from homeward.simulation.people import person
from homeward.simulation.resources.chart import Chart, chart
from homeward.simulation.resources.hospital import hospital_resources
from homeward.simulation.resources.parts import Known, Resource
from homeward.simulation.stays import Patient
from homeward.simulation.truth import truths

__all__ = ["Manifest", "Options", "Progress", "simulate"]

FOLDERS = ("patients", "later", "discharges")
FILES = ("hospital.json", "truth.jsonl", "phi.jsonl", "manifest.json")


class Files(NamedTuple):
    """Where things go: the folder, and the two files written line by line."""

    out: Path
    truth: BinaryIO
    phi: BinaryIO


def simulate(options: Options, progress: Progress | None = None) -> Manifest:
    """Write a synthetic hospital into a folder and say what was written.

    The same options give the same bytes. A folder of an earlier simulation is written anew.

    Args:
        options: How many patients, which seed, where, until when.
        progress: Called after each patient with (done, in all).

    Raises:
        FolderInUse: The folder holds something that no simulation wrote.
    """
    prepare(options.out)
    manifest = empty_manifest(options)
    house = hospital(options.seed)
    references = References(house)
    write_hospital(options.out, house, manifest)
    with ExitStack() as stack:
        files = Files(
            options.out,
            stack.enter_context((options.out / "truth.jsonl").open("wb")),
            stack.enter_context((options.out / "phi.jsonl").open("wb")),
        )
        for index in range(options.patients):
            life = a_life(options, house, index)
            write_patient(files, life, options, references, manifest)
            manifest.patients += 1
            if progress is not None:
                progress(index + 1, options.patients)
    write_manifest(options.out, manifest)
    return manifest


def prepare(out: Path) -> None:
    """Make the folder, empty of what an earlier simulation left, finished or not."""
    if out.exists() and {one.name for one in out.iterdir()} - {*FOLDERS, *FILES}:
        raise FolderInUse(out)
    (out / "manifest.json").unlink(missing_ok=True)
    for name in FOLDERS:
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.json"):
            old.unlink()


def a_life(options: Options, house: Hospital, index: int) -> Life:
    """The life of the patient with that number; it does not hang on how many there are."""
    rng = stream(options.seed, index, "life")
    who = person(rng, index, options.until)
    state = health(rng, age_on(who.born, options.until), who.gender)
    return live(rng, Patient(who, state, house), options.span)


def write_hospital(out: Path, house: Hospital, manifest: Manifest) -> None:
    """Write hospital.json."""
    resources = list(hospital_resources(house))
    count(manifest.resources, resources)
    (out / "hospital.json").write_bytes(hospital_bundle(resources))


def write_patient(
    files: Files, life: Life, options: Options, references: References, manifest: Manifest
) -> None:
    """Write everything about one patient."""
    span = options.span
    index = life.patient.person.index
    record = chart(
        stream(options.seed, index, "record"), stream(options.seed, index, "notes"), life
    )
    stay = called_stay(life, span)
    cut = span.now if stay is None else stay.began
    history = newest(record.known, None, cut)
    later = newest(record.known, cut, span.end)
    name = f"{index:06d}.json"
    (files.out / "patients" / name).write_bytes(new_bundle(history, references))
    count(manifest.resources, history)
    if later:
        (files.out / "later" / name).write_bytes(later_bundle(later, references))
        count(manifest.later_resources, later)
    if stay is not None:
        call = discharge_call(stay, life.patient.person.id, record.known)
        (files.out / "discharges" / name).write_bytes(orjson.dumps(call))
        manifest.discharges += 1
    write_gold(files, record, [*history, *later], manifest)
    write_truth(files, life, span, manifest)


def newest(known: list[Known], since: datetime | None, before: datetime) -> list[Resource]:
    """The newest version of what became known from `since` on and before `before`."""
    versions = {
        one.resource["id"]: one.resource
        for one in known
        if one.known_at < before and (since is None or one.known_at >= since)
    }
    return list(versions.values())


def write_gold(
    files: Files, record: Chart, written: Iterable[Resource], manifest: Manifest
) -> None:
    """Write the gold line of each note that was written."""
    for resource in written:
        line = record.gold.get(resource["id"])
        if line is not None:
            files.phi.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            manifest.notes += 1


def write_truth(files: Files, life: Life, span: Span, manifest: Manifest) -> None:
    """Write a line for each discharge, and count the index discharges by what followed."""
    for line in truths(life, span):
        files.truth.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        if line["index"]:
            manifest.index_discharges += 1
            manifest.outcomes[line["event"]] = manifest.outcomes.get(line["event"], 0) + 1


def count(counts: dict[str, int], resources: list[Resource]) -> None:
    """Add the resources to the counts by type."""
    for kind, number in Counter(one["resourceType"] for one in resources).items():
        counts[kind] = counts.get(kind, 0) + number


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Write manifest.json, last of all: where it stands, the folder is whole."""
    shown: dict[str, Any] = manifest.as_json()
    data = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    (out / "manifest.json").write_bytes(data)
