"""Several processes answer at one port, and end together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_S = 120
KEY = bytes(range(3, 43)).hex()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def two_workers(database_url: str, home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server of two processes, answering; its process and its port."""
    port = free_port()
    given = {"HOME": str(home), "DATABASE_URL": database_url, "KEY": KEY, "METRICS_PORT": "0"}
    variables = os.environ | {f"HOMEWARD_{name}": value for name, value in given.items()}
    command = [sys.executable, "-m", "homeward", "serve", "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(command, env=variables)
    try:
        wait_for(port)
        yield server, port
    finally:
        server.kill()
        server.wait()


def wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if answers(port):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    pytest.fail("The server does not answer.")


def answers(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=20) as answer:
        return bool(answer.status == 200)


def children_of(process: int) -> list[int]:
    """Worker processes, without the one that Python keeps for counting resources."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [
        int(each) for each in found
        if "spawn_main" in Path(f"/proc/{each}/cmdline").read_text()
    ]  # fmt: skip


def test_two_workers_answer_and_end_when_asked(database_url: str, tmp_path: Path) -> None:
    with two_workers(database_url, tmp_path) as (server, port):
        workers = children_of(server.pid)
        assert len(workers) == 2
        assert all(answers(port) for _ in range(8))

        server.send_signal(signal.SIGTERM)

        assert server.wait(timeout=60) == 0
        assert not any(Path(f"/proc/{each}").exists() for each in workers)


def test_a_worker_that_dies_ends_the_server_with_an_error(
    database_url: str, tmp_path: Path
) -> None:
    with two_workers(database_url, tmp_path) as (server, _port):
        os.kill(children_of(server.pid)[0], signal.SIGKILL)

        assert server.wait(timeout=60) == 1
