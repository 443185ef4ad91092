"""Latency of a CDS Hooks call at 1 and at 16 clients: `python -m bench.hooks`.

A `homeward serve` is started over a home that holds patients and a champion (made from a
simulated hospital unless one is given), warmed up, and then asked over HTTP by a client in a
process of its own. A call carries the prefetch of the stay that is being discharged.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.clock import utc_now
from bench.command import CommandFailed, House
from bench.hospital import prepared_hospital
from bench.machine import this_machine
from bench.report import Report, save

SERVICE = "readmission-risk-discharge"
START_TIMEOUT_S = 180
WARM_UP = 20
PERCENTILES = (50, 95, 99)


def measure(
    house: House, discharges: Path, clients: Sequence[int] = (1, 16), requests: int = 400
) -> Report:
    """Percentiles of the latency for each number of clients.

    Args:
        house: Where patients, snapshot and champion are.
        discharges: Folder of discharges as `homeward simulate` writes them.
        clients: How many ask at once.
        requests: For each number of clients.
    """
    began, machine = utc_now(), this_machine()
    with tempfile.TemporaryDirectory() as folder, served(house) as running:
        bodies = Path(folder) / "bodies"
        bodies.write_bytes(b"\n".join(hook_calls(discharges)))
        url = f"{running.address}/cds-services/{SERVICE}"
        ask(url, bodies, 1, WARM_UP)
        rows = [row(ask(url, bodies, count, requests), count) for count in clients]
    return Report("hooks", rows, machine, began)


def hook_calls(discharges: Path) -> list[bytes]:
    """One encounter-discharge call for each discharge file."""
    return [hook_call(json.loads(path.read_bytes())) for path in sorted(discharges.glob("*.json"))]


def hook_call(discharge: Mapping[str, Any]) -> bytes:
    """The call an EHR would make for this discharge, on one line.

    https://cds-hooks.hl7.org/2.0/#calling-a-cds-service
    """
    call = {
        "hook": "encounter-discharge",
        "hookInstance": str(uuid.uuid4()),
        "context": {
            "userId": "Practitioner/bench",
            "patientId": discharge["patient"],
            "encounterId": discharge["encounter"],
        },
        "prefetch": discharge["prefetch"],
    }
    return json.dumps(call, separators=(",", ":")).encode()


def ask(url: str, bodies: Path, clients: int, requests: int) -> Mapping[str, Any]:
    """Latencies of `bench.load`, which runs in a process of its own; `wall_s` is added."""
    began = time.perf_counter()
    client = [sys.executable, "-m", "bench.load", url, str(bodies)]
    options = ["--clients", str(clients), "--requests", str(requests)]
    done = subprocess.run([*client, *options], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"wall_s": time.perf_counter() - began}


def row(found: Mapping[str, Any], clients: int) -> dict[str, int | float]:
    """One line of the table: counts, throughput, and percentiles in milliseconds."""
    spent = sorted(found["answered"])
    return {
        "clients": clients,
        "answered": len(spent),
        "failed": len(found["failed"]),
        "per second": 1000 * clients * len(spent) / sum(spent) if spent else 0.0,
    } | {f"p{percent} ms": percentile(spent, percent) for percent in PERCENTILES}


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many per cent of the values do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else float("nan")


@dataclass(frozen=True, slots=True)
class Running:
    """A server under measurement: its address and the id of its process."""

    address: str
    process: int


@contextmanager
def served(house: House) -> Iterator[Running]:
    """A server over this house, stopped when the block ends.

    Raises:
        CommandFailed: It ended, or did not answer in time.
    """
    port, metrics_port = free_port(), free_port()
    settings = dict(house.settings) | {"PORT": str(port), "METRICS_PORT": str(metrics_port)}
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            House(house.home, settings).call("serve"), stdout=words, stderr=words
        )
        try:
            if not _answers(address, process):
                words.seek(0)
                tail = words.read()[-1000:].decode(errors="replace")
                raise CommandFailed(f"homeward serve did not come up: {tail}")
            yield Running(address, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(address: str, process: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/cds-services", timeout=5):  # noqa: S310  # ours
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    return False


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.hooks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--patients", type=int, default=400, help="size of the hospital")
    parser.add_argument("--requests", type=int, default=400, help="for each number of clients")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    hospital = prepared_hospital(options.out, options.patients)
    report = measure(hospital.house, hospital.discharges, requests=options.requests)
    save(report, options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
