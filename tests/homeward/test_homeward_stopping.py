"""A server that is told to stop takes its embedded database with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeward.embedded.postgres import EmbeddedPostgres
from tests.homeward.test_homeward_workers import free_port, wait_for


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_the_embedded_database_stops_with_the_server(
    tmp_path: Path, asked: signal.Signals, workers: str
) -> None:
    port, metrics = str(free_port()), str(free_port())
    command = [sys.executable, "-m", "homeward", "serve", "--port", port, "--workers", workers]
    command += ["--metrics-port", metrics]
    server = subprocess.Popen(command, env=os.environ | {"HOMEWARD_HOME": str(tmp_path)})
    postmaster = EmbeddedPostgres(tmp_path / "postgres").data / "postmaster.pid"
    try:
        wait_for(int(port))
        assert postmaster.exists()
        server.send_signal(asked)
        server.wait(timeout=60)
    finally:
        server.kill()

    assert not postmaster.exists()
