"""Limits that only a real server shows: large headers, slow uploads, odd requests on the wire."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn
from sqlalchemy import Engine

from fhir_api.routes.limits import Limits
from tests.support.fhir import patient
from tests.support.instance import app, trail

SLOW = Limits(upload_window_s=0.5, upload_bytes_per_second=1000)
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def server(engine: Engine) -> Iterator[int]:
    """The port of a real server."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        config = uvicorn.Config(app(engine, limits=SLOW), log_level="critical", lifespan="off")
        made = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(made.serve([listening])))
        thread.start()
        while not made.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        made.should_exit = True
        thread.join()


def answer(port: int, *pieces: bytes, pause: float = 0.0) -> Answer:
    """What the server answers to bytes sent piece by piece, a pause between them."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        try:
            for piece in pieces:
                wire.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server had answered and hung up, which is what is asked for
        return read(wire)


def read(wire: socket.socket) -> Answer:
    """Status, headers and body of an answer."""
    data = b""
    while b"\r\n\r\n" not in data or len(data) < length_of(data):
        piece = wire.recv(65536)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (
        line.partition(":") for line in lines)}  # fmt: skip
    return int(first.split()[1]), headers, body


def length_of(data: bytes) -> int:
    head, _, _ = data.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
               if line.startswith(b"content-length:")]  # fmt: skip
    return len(head) + 4 + (lengths[0] if lengths else 0)


def head(method: str, path: str, **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: here", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(length: int) -> bytes:
    return head("POST", "/fhir/Patient", content_type="application/fhir+json",
                content_length=str(length))  # fmt: skip


def test_a_body_at_a_fair_pace_is_read(server: int) -> None:
    body = json.dumps(patient()).encode()
    status, _, _ = answer(server, post(len(body)), body[:100], body[100:], pause=0.05)

    assert status == 201


def test_a_body_that_stops_coming_is_cut(server: int) -> None:
    status, headers, body = answer(server, post(10_000), b"{", pause=0.0)

    assert status == 408
    assert headers["connection"] == "close"
    assert json.loads(body)["issue"][0]["code"] == "timeout"


def test_a_body_that_trickles_is_cut(server: int) -> None:
    started = time.monotonic()
    status, _, _ = answer(server, post(10_000), *[b"{"] * 40, pause=0.05)

    assert status == 408
    assert time.monotonic() - started < 15


def test_large_headers_are_refused_with_an_outcome(server: int) -> None:
    status, _, body = answer(server, head("GET", "/fhir/Patient/a", x_long="a" * 17_000))

    assert status == 431
    assert json.loads(body)["resourceType"] == "OperationOutcome"


def test_a_long_address_is_refused_with_an_outcome(server: int) -> None:
    status, _, body = answer(server, head("GET", "/fhir/Patient?_id=" + "a" * 9000))

    assert status == 414
    assert json.loads(body)["resourceType"] == "OperationOutcome"


def test_head_has_no_body_on_the_wire(server: int) -> None:
    status, headers, body = answer_to_head(server)

    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000


def answer_to_head(port: int) -> Answer:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(head("HEAD", "/fhir/metadata"))
        data = b"".join(iter(lambda: wire.recv(65536), b""))
    first, _, rest = data.partition(b"\r\n\r\n")
    lines = first.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, rest


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /fhir/Patient/\xff\xfe HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
        b"GET /fhir/Patient?x=\xff HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
        b"GET /fhir//Patient HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
        b"GET /fhir/../../etc/passwd HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
        b"GET /fhir/Patient/a HTTP/1.1\r\nhost: \xff\r\nconnection: close\r\n\r\n",
        b"GET /fhir/Patient/a HTTP/1.1\r\nhost: here\r\naccept: \xff\r\nconnection: close\r\n\r\n",
        b"POST /fhir HTTP/1.1\r\nhost: here\r\ncontent-length: x\r\nconnection: close\r\n\r\n",
        b"rubbish\r\n\r\n",
    ],
)
def test_odd_requests_are_no_mistake_of_ours(server: int, sent: bytes) -> None:
    status, _, _ = answer(server, sent)

    assert 400 <= status < 500


def test_who_hangs_up_leaves_no_error_and_a_row(server: int, engine: Engine) -> None:
    with socket.create_connection(("127.0.0.1", server), timeout=20) as wire:
        wire.sendall(post(10_000) + b"{")
    for _ in range(100):
        if rows := trail(engine):
            break
        time.sleep(0.02)

    assert [row["status"] for row in rows] == [400]
