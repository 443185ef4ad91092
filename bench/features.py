"""Patients a minute through Spark: `python -m bench.features`.

Stores a folder of FHIR files (a simulated hospital unless one is given) and runs
`homeward features`: once from scratch, and once more with nothing new, which shows how much of the
time is the start of Spark. What is counted: reading the store, events, labels, features, the
snapshot's files and the online rows; without note embeddings.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.clock import measured, utc_now
from bench.command import House
from bench.database import emptied
from bench.hospital import simulated_hospital
from bench.machine import this_machine
from bench.report import Report, Row, save
from bench.volume import Volume, volume


def measure(inputs: Sequence[Path], home: Path) -> Report:
    """Store the files in a fresh home and compute its features twice.

    Args:
        inputs: Files and folders of Bundles or NDJSON, not packed.
        home: Emptied first.
    """
    began, machine, size = utc_now(), this_machine(), volume(inputs)
    emptied(home)
    house = House(home, {"SITE": "bench"})
    house.run("ingest", *map(str, inputs))
    with measured() as scratch:
        house.run("features", "--full")
    with measured() as nothing_new:
        house.run("features")
    runs = {
        "from scratch": scratch.wall_s,
        "nothing new": nothing_new.wall_s,
        "difference": max(1e-3, scratch.wall_s - nothing_new.wall_s),
    }
    rows = [row(name, size, seconds, machine.cores) for name, seconds in runs.items()]
    return Report("features", rows, machine, began)


def row(run: str, size: Volume, seconds: float, cores: int) -> Row:
    """One line: patients a minute, and what a patient is."""
    return {
        "run": run,
        "patients": size.patients,
        "resources/patient": size.resources / size.patients,
        "cores": cores,
        "seconds": seconds,
        "patients/min": 60 * size.patients / seconds,
        "resources/s": size.resources / seconds,
        "MB/s": size.megabytes / seconds,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.features", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="FHIR files; simulated without it")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=1000, help="size of the hospital")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    inputs = [options.folder] if options.folder else []
    inputs = inputs or simulated_hospital(options.out, options.patients).inputs
    save(measure(inputs, options.out / "home-features"), options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
