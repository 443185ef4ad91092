"""The demonstration's server: `homeward serve` in a process of its own, and calls over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_api.json_text import dump
from homeward.demo.source import Call
from homeward.errors import CannotStart

SERVICE = "readmission-risk-discharge"
START_TIMEOUT_S = 90.0
ANSWER_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server answers."""

    base: str
    metrics: str


@contextmanager
def serving(environment: Mapping[str, str], log: Path) -> Iterator[Address]:
    """A running server, stopped when the block ends; what it says goes to `log`.

    Raises:
        CannotStart: It did not come up; `log` says why.
    """
    port, metrics = _free_port(), _free_port()
    command = [sys.executable, "-m", "homeward", "serve",
               "--port", str(port), "--metrics-port", str(metrics)]  # fmt: skip
    address = Address(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics")
    with log.open("wb") as said:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=said)
        try:
            _wait_until_well(address, process, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def call_hook(address: Address, call: Call) -> tuple[dict[str, Any], float]:
    """The answer to one encounter-discharge call, and the seconds it took.

    Raises:
        CannotStart: The server refused; the message is its OperationOutcome's.
    """
    body = dump(
        {
            "hook": "encounter-discharge",
            "hookInstance": str(uuid.uuid4()),
            "context": {
                "userId": "Practitioner/demo",
                "patientId": call.patient,
                "encounterId": call.encounter,
            },
            "prefetch": call.prefetch,
        }
    )
    began = time.perf_counter()
    answer = fetch(f"{address.base}/cds-services/{SERVICE}", body)
    return json.loads(answer), time.perf_counter() - began


def fetch(url: str, body: bytes | None = None) -> bytes:
    """What the server answers to a GET, or to a POST of JSON."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        raise CannotStart(f"The server answered {error.code}: {error.read()[:500]!r}") from error


def _wait_until_well(address: Address, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"The server ended with exit code {process.returncode}; see {log}.")
        try:
            fetch(f"{address.base}/health")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise CannotStart(f"The server was not up after {START_TIMEOUT_S:.0f} s; see {log}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
