"""Transactions, reads and an export of the FHIR API over HTTP: `python -m bench.fhir`.

A `homeward serve` is started over a new embedded database. Bundles of 150 entries, made from a
simulated hospital, are posted by 1 and by 4 clients; single resources are read at a steady rate;
everything is exported; and a Bundle of your own, such as a large one of Synthea, is posted when one
is named. Validation, de-identification, history, indexes, vault and audit are on, as installed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.bundles import bundles_of
from bench.clock import utc_now
from bench.command import House
from bench.database import emptied, postgres_cpu_s, process_cpu_s
from bench.hooks import ask, percentile, served
from bench.hospital import simulated_hospital
from bench.machine import this_machine
from bench.report import Report, save

ENTRIES = 150
CLIENTS = (1, 4)
READS_A_SECOND = 500
Figures = dict[str, Any]


class Bench:
    """One server under measurement.

    Args:
        address: Of its FHIR API.
        data: Directory of its Postgres.
        process: Id of the server process.
        folder: Where bodies may be written.
    """

    def __init__(self, address: str, data: Path, process: int, folder: Path) -> None:
        self.address = address
        self.data = data
        self.process = process
        self.folder = folder

    def transactions(self, bundles: Sequence[bytes], clients: int) -> Figures:
        """Post the Bundles by so many clients at once; each Bundle once."""
        body = self.folder / f"bundles-{clients}"
        body.write_bytes(b"\n".join(bundles))
        with self.spending() as spent:
            found = ask(f"{self.address}/", body, clients, len(bundles))
        resources = ENTRIES * len(found["answered"])
        wall_s = sum(found["answered"]) / 1000 / clients
        return self.row(f"transactions, {clients} clients", resources, wall_s, spent) | {
            "p50 ms": percentile(sorted(found["answered"]), 50),
            "p99 ms": percentile(sorted(found["answered"]), 99),
            "failed": len(found["failed"]),
        }

    def one_bundle(self, path: Path) -> Figures:
        """Post one Bundle of a file."""
        body = path.read_bytes()
        with self.spending() as spent:
            began = time.perf_counter()
            answer = post(f"{self.address}/", body)
            wall_s = time.perf_counter() - began
        name = f"one Bundle of {len(body) / 1e6:.1f} MB"
        return self.row(name, len(answer["entry"]), wall_s, spent) | single(wall_s)

    def reads(self, places: Sequence[str], seconds: int) -> Figures:
        """Read single resources at a steady rate, whatever the answers take."""
        listed = self.folder / "places"
        listed.write_text("\n".join(f"{self.address}/{place}" for place in places))
        options = ["--rate", str(READS_A_SECOND), "--seconds", str(seconds)]
        with self.spending() as spent:
            command = [sys.executable, "-m", "bench.rate", str(listed), *options]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        took = sorted(found["answered"])
        name = f"reads at {READS_A_SECOND}/s"
        return self.row(name, len(took), found["wall_s"], spent) | {
            "p50 ms": percentile(took, 50),
            "p99 ms": percentile(took, 99),
            "failed": found["failed"],
        }

    def export(self) -> Figures:
        """Export everything, and fetch the files."""
        with self.spending() as spent:
            began = time.perf_counter()
            lines = sum(lines_of(each["url"]) for each in exported(self.address)["output"])
            wall_s = time.perf_counter() - began
        return self.row("export", lines, wall_s, spent) | single(wall_s)

    @contextmanager
    def spending(self) -> Iterator[dict[str, float]]:
        """Processor time of server and Postgres during the block."""
        spent: dict[str, float] = {}
        before = self.cpu_s()
        yield spent
        spent["cpu_s"] = self.cpu_s() - before

    def cpu_s(self) -> float:
        """Processor time so far."""
        return process_cpu_s(self.process) + postgres_cpu_s(self.data)

    @staticmethod
    def row(name: str, resources: int, wall_s: float, spent: Mapping[str, float]) -> Figures:
        """What all rows have."""
        return {
            "what": name,
            "resources": resources,
            "per second": resources / wall_s,
            "CPU ms each": 1000 * spent["cpu_s"] / max(1, resources),
        }


def single(wall_s: float) -> Figures:
    """The columns of something done once."""
    return {"p50 ms": 1000 * wall_s, "p99 ms": 1000 * wall_s, "failed": 0}


def post(url: str, body: bytes) -> Any:
    """The answer to a posted Bundle."""
    headers = {"Content-Type": "application/fhir+json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310  # our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read())


def exported(address: str) -> Any:
    """The manifest of an export of everything."""
    headers = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
    request = urllib.request.Request(f"{address}/$export", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        status = answer.headers["Content-Location"]
    while True:
        with urllib.request.urlopen(status) as answer:  # noqa: S310
            if answer.status == 200:
                return json.loads(answer.read())
            time.sleep(int(answer.headers["Retry-After"]))


def lines_of(url: str) -> int:
    """How many resources a file of an export holds."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        return sum(1 for line in answer if line.strip())


def measure(
    home: Path, patients: Path, seconds: int, large: Path | None, workers: int = 2
) -> Report:
    """All of it, on a fresh home, answered by so many processes."""
    began, machine = utc_now(), this_machine()
    server = emptied(home)
    server.url()
    house = House(
        home, {"SITE": "bench", "NOTES": "scrub", "MAXIMUM_BODY_MB": "200", "WORKERS": str(workers)}
    )
    bundles, places = bundles_of(patients, ENTRIES)
    share = len(bundles) // len(CLIENTS)
    with tempfile.TemporaryDirectory() as folder, served(house) as running:
        bench = Bench(f"{running.address}/fhir", server.data, running.process, Path(folder))
        bench.transactions(bundles[:2], 1)  # warms schemas and plans; not counted
        parts = [bundles[2 + i * share : 2 + (i + 1) * share] for i in range(len(CLIENTS))]
        rows = [bench.transactions(part, count) for part, count in zip(parts, CLIENTS, strict=True)]
        rows.append(bench.reads(places[:2000], seconds))
        rows.append(bench.export())
        if large is not None:
            rows.append(bench.one_bundle(large))
    server.leave()
    return Report("fhir", rows, machine, began)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fhir", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=300, help="size of the hospital")
    parser.add_argument("--seconds", type=int, default=10, help="of reading")
    parser.add_argument("--workers", type=int, default=2, help="processes that answer")
    parser.add_argument("--bundle", type=Path, help="a transaction Bundle of yours to post")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    hospital = simulated_hospital(options.out, options.patients)
    given = (hospital.folder, options.seconds, options.bundle, options.workers)
    report = measure(options.out / "fhir", *given)
    save(report, options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
