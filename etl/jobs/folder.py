"""The folder a run writes into: hidden until it is whole, gone if the run fails.

A snapshot gets its name by one rename, after its manifest is written. What a killed run left is
removed by the next one.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from etl.jobs.failures import AlreadyRunning
from etl.snapshots import SnapshotManifest, make_current, snapshots_folder, write_manifest

UNFINISHED = ".unfinished-"


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the snapshots of `home` for one run; a killed process lets go by dying.

    Raises:
        AlreadyRunning: Another run holds them.
    """
    folder = snapshots_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(home) from None
        yield


@contextmanager
def unfinished(home: Path, snapshot_id: str) -> Iterator[Path]:
    """A folder for a snapshot in the making, readable by its owner; call within `only_run`."""
    folder = snapshots_folder(home)
    for left in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    making = folder / f"{UNFINISHED}{snapshot_id}"
    making.mkdir(mode=0o700)
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)  # after `finish` there is nothing to remove


def finish(making: Path, home: Path, manifest: SnapshotManifest) -> None:
    """Give the folder its manifest and its name, and make it the current snapshot."""
    write_manifest(making, manifest)
    making.rename(snapshots_folder(home) / manifest.id)
    make_current(home, manifest.id)


def counted(table: Path) -> int:
    """Rows of a table of Parquet files, from their footers."""
    return sum(pq.read_metadata(part).num_rows for part in table.glob("part-*.parquet"))
