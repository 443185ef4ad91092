"""Resources a second, and processor time a resource, of ingestion: `python -m bench.ingest`.

Runs `homeward ingest` on a folder of FHIR files (a simulated hospital unless one is given) into a
new embedded database, and then once more on the same files, when every resource is there already.
Everything counts: start-up, reading, validation, de-identification, leak gate and storing, in the
command's processes and in Postgres.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clock import Spent, measured, utc_now
from bench.command import House
from bench.database import emptied, postgres_cpu_s
from bench.hospital import simulated_hospital
from bench.machine import this_machine
from bench.report import Report, Row, save
from bench.volume import Volume, volume

if TYPE_CHECKING:
    from homeward.embedded.postgres import EmbeddedPostgres


def measure(inputs: Sequence[Path], home: Path, workers: int) -> Report:
    """Ingest the same files twice into a fresh home.

    Args:
        inputs: Files and folders of Bundles or NDJSON, not packed.
        home: Emptied first.
        workers: Processes that read files.
    """
    began, machine, size = utc_now(), this_machine(), volume(inputs)
    server, house = emptied(home), House(home, {"SITE": "bench", "NOTES": "scrub"})
    server.url()  # held, so that all commands find the same one running
    house.run("migrate")
    rows = [once(name, inputs, (house, server), workers, size) for name in ("all new", "all known")]
    server.leave()
    return Report("ingest", rows, machine, began)


def once(
    name: str,
    inputs: Sequence[Path],
    place: "tuple[House, EmbeddedPostgres]",
    workers: int,
    size: Volume,
) -> Row:
    """One run of the command, as a line of the table."""
    house, server = place
    before = postgres_cpu_s(server.data)
    with measured() as spent:
        words = house.run("ingest", *map(str, inputs), "--workers", str(workers), "--json")
    counts = {"input": name, "workers": workers, "stored": json.loads(words)["total"]["stored"]}
    return {**counts, **figures(size, spent, postgres_cpu_s(server.data) - before)}


def figures(size: Volume, spent: Spent, postgres_s: float) -> Row:
    """How much, how fast, and what each resource cost."""
    return {
        "resources": size.resources,
        "MB": size.megabytes,
        "seconds": spent.wall_s,
        "resources/s": size.resources / spent.wall_s,
        "MB/s": size.megabytes / spent.wall_s,
        "CPU ms/resource": 1000 * spent.cpu_s / size.resources,
        "Postgres CPU ms/resource": 1000 * postgres_s / size.resources,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="FHIR files; simulated without it")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=400, help="size of the simulated hospital")
    parser.add_argument("--workers", type=int, default=2, help="processes that read files")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    inputs = [options.folder] if options.folder else []
    inputs = inputs or simulated_hospital(options.out, options.patients).inputs
    save(measure(inputs, options.out / "home-ingest", options.workers), options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
