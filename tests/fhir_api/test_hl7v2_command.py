"""`homeward adt`: listening, what was refused, and taking it in after mending."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from fhir_api.hl7v2.wire.frames import END, framed
from homeward.cli import register_commands
from tests.support.fhir import ROOT, SITE
from tests.support.hl7v2 import NOW, PID, adt, count, first_line, pv1, receiver

REPOSITORY = Path(__file__).resolve().parents[2]
REFUSED = adt("A01", PID, pv1(f44="soon"))


def command(url: str, home: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """A call of `homeward` on the test's database, and its environment."""
    settings = {"DATABASE_URL": url, "KEY": ROOT.hex(), "SITE": SITE, "HOME": str(home)}
    named = {f"HOMEWARD_{name}": value for name, value in settings.items()}
    return [sys.executable, "-m", "homeward", "adt", *arguments], {**os.environ, **named}


def run(url: str, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    call, environment = command(url, home, *arguments)
    return subprocess.run(
        call, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["listen", "replay", "dead-letters"])
def test_every_command_helps_with_an_example(name: str) -> None:
    helped = CliRunner().invoke(register_commands(), ["adt", name, "--help"])

    assert helped.exit_code == 0
    assert "Example: " in helped.stdout


def test_a_listener_answers_until_it_is_told_to_stop_and_then_counts(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    call, environment = command(database_url, tmp_path, "listen", "--port", "0")
    process = subprocess.Popen(
        call, env=environment, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    port = int(process.stderr.readline().rstrip(".\n").rpartition(":")[2])
    answers = [send(port, each) for each in (adt("A01"), adt("A09"), adt("A01", PID))]
    process.send_signal(signal.SIGTERM)
    said = process.stderr.read()

    assert [first_line(each, "MSA")[1] for each in answers] == ["AA", "AR", "AE"]
    assert process.wait() == 0
    assert "1 applied, 1 refused, 1 rejected" in said
    assert "Quillfeather" not in said
    assert count(engine, "hl7v2_message") == 1


def send(port: int, message: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(framed(message))
        answer = b""
        while not answer.endswith(END):
            answer += connection.recv(65536)
    return answer[1:]


def test_dead_letters_are_listed_and_replayed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    receiver(engine).receive(REFUSED, NOW)
    listed = json.loads(run(database_url, tmp_path, "dead-letters", "--json").stdout)
    again = run(database_url, tmp_path, "replay")

    assert [each["place"] for each in listed["dead_letters"]] == ["PV1-44"]
    assert listed["counts"] == {"applied": 0, "late": 0, "dead_letters": 1, "mended": 0}
    assert (again.returncode, again.stdout) == (1, "1 refused\n")
    assert "1 dead letters" in run(database_url, tmp_path, "dead-letters").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["listen", "--host", "0.0.0.0"], "--client-authority"),  # noqa: S104 - it is refused
        (["listen", "--zone", "Mars/Olympus"], "time zone"),
        (["listen", "--certificate", "x.pem"], "--key"),
    ],
)
def test_a_wrong_call_ends_with_two_and_says_what_to_do(
    database_url: str, tmp_path: Path, arguments: list[str], words: str
) -> None:
    refused = run(database_url, tmp_path, *arguments)

    assert refused.returncode == 2
    assert words in refused.stderr
