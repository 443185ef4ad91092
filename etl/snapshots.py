"""Snapshots: what one features run wrote, how to find it, and how it becomes the current one.

    HOME/snapshots/<id>/manifest.json
                       /events /features /labels /ledger /notes     part-*.parquet
    HOME/snapshots/current                                          holds one id

A snapshot is never changed. A reader follows `current` once and then reads one whole snapshot.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from etl.errors import EtlError

TABLES = ("events", "features", "labels", "ledger", "notes")
CURRENT = "current"
MANIFEST = "manifest.json"

MOMENT = pa.timestamp("us", tz="UTC")
LABEL_SCHEMA = pa.schema(
    [
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("encounter_id", pa.string(), nullable=False),
        pa.field("admitted_at", MOMENT),
        pa.field("discharged_at", MOMENT),
        pa.field("label", pa.bool_()),
        pa.field("event", pa.string(), nullable=False),
        pa.field("event_day", pa.int32()),
        pa.field("planned_unknown", pa.bool_(), nullable=False),
        pa.field("label_spec", pa.string(), nullable=False),
    ]
)
LEDGER_SCHEMA = pa.schema(
    [
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("encounter_id", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
NOTE_SCHEMA = pa.schema(
    [
        pa.field("note_key", pa.string(), nullable=False),
        pa.field("chunk", pa.int32(), nullable=False),
        pa.field("vector", pa.list_(pa.float32()), nullable=False),
    ]
)


class SnapshotMissing(EtlError):
    """There is no such snapshot to read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not there. Run `homeward features` first.")


@dataclass(frozen=True, slots=True)
class SnapshotManifest:
    """What a snapshot holds and what made it.

    Attributes:
        id: Name of its folder; sorts by time of making.
        created_at: UTC; when the run began.
        site: The tenant.
        mode: Whether all patients were computed, or those touched since the snapshot before.
        watermark: Store transactions below it are in; the next incremental run begins here.
        schema_hash: Digest of the feature catalogue (`etl.features.catalogue.SCHEMA_HASH`).
        label_spec: Name and year of the label's code sets.
        rules: The site's rules, as JSON.
        encoder: Hash of the note encoder; None when notes were not embedded.
        counts: Rows of each table, and `patients`.
        excluded: Discharges that got no label, by reason.
    """

    id: str
    created_at: datetime
    site: str
    mode: Literal["full", "incremental"]
    watermark: int
    schema_hash: str
    label_spec: str
    rules: Mapping[str, Any]
    encoder: str | None
    counts: Mapping[str, int]
    excluded: Mapping[str, int]


def snapshots_folder(home: Path) -> Path:
    """Where all snapshots of a home lie."""
    return home / "snapshots"


def snapshot_path(home: Path, snapshot_id: str = CURRENT) -> Path:
    """Folder of one snapshot; of the one the pointer names, unless an id is given.

    Raises:
        SnapshotMissing: There is no pointer, or no such folder.
    """
    folder = snapshots_folder(home)
    if snapshot_id == CURRENT:
        snapshot_id = _pointer(folder)
    path = folder / snapshot_id
    if not (path / MANIFEST).is_file():
        raise SnapshotMissing(path)
    return path


def read_manifest(home: Path, snapshot_id: str = CURRENT) -> SnapshotManifest:
    """Manifest of one snapshot.

    Raises:
        SnapshotMissing: There is no such snapshot.
    """
    text = (snapshot_path(home, snapshot_id) / MANIFEST).read_text(encoding="utf-8")
    fields = json.loads(text)
    fields["created_at"] = datetime.fromisoformat(fields["created_at"])
    return SnapshotManifest(**fields)


def write_manifest(folder: Path, manifest: SnapshotManifest) -> None:
    """Put the manifest into the folder of its snapshot, the last file to be written there."""
    fields = asdict(manifest) | {"created_at": manifest.created_at.isoformat()}
    _replace(folder / MANIFEST, json.dumps(fields, indent=2, sort_keys=True) + "\n")


def make_current(home: Path, snapshot_id: str) -> None:
    """Let `current` name this snapshot; a reader sees the old one or the new one, nothing between.

    Raises:
        SnapshotMissing: There is no such snapshot.
    """
    snapshot_path(home, snapshot_id)
    _replace(snapshots_folder(home) / CURRENT, snapshot_id + "\n")


def table_path(home: Path, table: str, snapshot_id: str = CURRENT) -> Path:
    """Folder of Parquet files of one of `TABLES`.

    Raises:
        SnapshotMissing: There is no such snapshot, or it has no such table.
    """
    path = snapshot_path(home, snapshot_id) / table
    if not path.is_dir():
        raise SnapshotMissing(path)
    return path


def _pointer(folder: Path) -> str:
    if not (folder / CURRENT).is_file():
        raise SnapshotMissing(folder / CURRENT)
    return (folder / CURRENT).read_text(encoding="utf-8").strip()


def _replace(path: Path, text: str) -> None:
    """Write beside, make it durable, then rename over: a crash leaves the old file whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
