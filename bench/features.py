"""Patients a minute through Spark: `python -m bench.features`.

Stores a folder of FHIR files (a simulated hospital unless one is given) and runs
`homeward features`: once from scratch, and once more with nothing new, which shows how much of the
time is the start of Spark. What is counted: reading the store, events, labels, features, the
snapshot's files and the online rows; without note embeddings.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.clock import Spent, measured, utc_now
from bench.command import House
from bench.hospital import simulated_hospital
from bench.machine import this_machine
from bench.report import Report, Row, save
from bench.volume import Volume, volume


def measure(folder: Path, home: Path) -> Report:
    """Store `folder` in a fresh home and compute its features twice.

    Args:
        folder: Bundles or NDJSON, not packed.
        home: Emptied first.
    """
    began, machine, size = utc_now(), this_machine(), volume(folder)
    shutil.rmtree(home, ignore_errors=True)
    house = House(home, {"SITE": "bench"})
    house.run("ingest", str(folder))
    with measured() as scratch:
        house.run("features", "--full")
    with measured() as nothing_new:
        house.run("features")
    rows = [row("from scratch", size, scratch), row("nothing new", size, nothing_new)]
    rows.append(row("from scratch less start", size, beyond_start(scratch, nothing_new)))
    return Report("features", rows, machine, began)


def beyond_start(whole: Spent, start: Spent) -> Spent:
    """What the work itself took; never less than a millisecond."""
    return Spent(max(1e-3, whole.wall_s - start.wall_s), max(1e-3, whole.cpu_s - start.cpu_s))


def row(run: str, size: Volume, spent: Spent) -> Row:
    """One line: patients a minute, and what a patient is."""
    return {
        "run": run,
        "patients": size.patients,
        "resources/patient": size.resources / size.patients,
        "seconds": spent.wall_s,
        "patients/min": 60 * size.patients / spent.wall_s,
        "resources/s": size.resources / spent.wall_s,
        "MB/s": size.megabytes / spent.wall_s,
        "CPU s": spent.cpu_s,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.features", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="FHIR files; simulated without it")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=1000, help="size of the hospital")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    folder = options.folder or (
        simulated_hospital(options.out, options.patients).folder / "patients"
    )
    save(measure(folder, options.out / "home-features"), options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
