"""The Postgres and the Java that come with the package."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from homeward.embedded.java import prepare_java
from homeward.embedded.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from homeward.embedded.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).url(), flush=True)
time.sleep(600)
"""


def ask(url: str, query: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_a_second_process_joins_the_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "postgres")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert other.stdout is not None
    url = other.stdout.readline().strip()
    mine = EmbeddedPostgres(tmp_path / "postgres")

    assert mine.url() == url
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert ask(url, "select 1") == 1
    mine.leave()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "select 1")


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
        connection.execute("create table kept as select 7 as number")
    server.leave()

    assert ask(server.url(), "select number from kept") == 7
    server.leave()


def test_the_password_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.url()

    assert server.password_file.stat().st_mode & 0o077 == 0
    server.leave()


def test_java_runs_with_the_module_spark_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    prepare_java(tmp_path)
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java"

    done = subprocess.run(
        [str(java), "--add-modules=jdk.incubator.vector", "-version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "version" in done.stderr
    monkeypatch.delenv("JAVA_HOME")
