"""A listener killed with a message in hand: no acknowledgement, and the resend makes it whole."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fhir_api.hl7v2.wire.frames import framed
from tests.support.hl7v2 import PID, adt, converted, count, first_line, pv1, versions

REPOSITORY = Path(__file__).resolve().parents[2]
MESSAGE = adt("A01", PID, pv1(f3="WARD^1^A", f7="9^House"), "DG1|1||I50.9^HF^I10C|||A")


def started(url: str, moment: str) -> tuple["subprocess.Popen[str]", int]:
    command = [sys.executable, "-m", "tests.support.hl7v2_listener", url, moment]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def send(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(framed(MESSAGE))
    return connection


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_with_a_message_in_hand_loses_nothing_and_doubles_nothing(
    engine: Engine, database_url: str, moment: str
) -> None:
    process, port = started(database_url, moment)
    connection = send(port)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    assert received(connection) == b""  # no acknowledgement, so the sender sends again
    assert count(engine, "hl7v2_message") == 0

    process, port = started(database_url, "never")
    answer = received(send(port), to_the_end=False)
    process.kill()
    process.wait()

    assert first_line(answer, "MSA")[1] == "AA"
    assert count(engine, "hl7v2_message") == 1
    assert versions(engine) == 1
    assert count(engine, "resource_version") == len(converted(MESSAGE).bundle["entry"])


def received(connection: socket.socket, *, to_the_end: bool = True) -> bytes:
    """What came back; a connection that was cut gives what there is."""
    got = b""
    try:
        while part := connection.recv(65536):
            got += part
            if not to_the_end and got.endswith(b"\x1c\r"):
                break
    except ConnectionResetError:
        pass
    connection.close()
    return got.strip(b"\x0b\x1c\r")
