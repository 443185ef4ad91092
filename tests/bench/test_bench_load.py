"""The client that asks, and what is made of its answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.hooks import ask, hook_calls, percentile, row


class Echo(BaseHTTPRequestHandler):
    """Answers 200 to a good body and 500 to the word `bad`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500 if body == b"bad" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_every_client_asks_its_share_and_failures_are_told_apart(
    address: str, tmp_path: Path
) -> None:
    bodies = tmp_path / "bodies"
    bodies.write_bytes(b"good\nbad")

    found = ask(address, bodies, clients=4, requests=40)

    assert (len(found["answered"]), len(found["failed"])) == (20, 20)
    assert all(spent > 0 for spent in found["answered"])


def test_a_row_gives_counts_and_percentiles_of_what_was_answered() -> None:
    found = row({"answered": [float(n) for n in range(1, 101)], "failed": [9.0]}, clients=1)

    assert (found["answered"], found["failed"]) == (100, 1)
    assert (found["p50 ms"], found["p95 ms"], found["p99 ms"]) == (50, 95, 99)
    assert found["per second"] == pytest.approx(1000 / 50.5)


def test_the_percentile_of_one_answer_is_that_answer() -> None:
    assert [percentile([7.0], percent) for percent in (1, 50, 99)] == [7, 7, 7]


def test_a_discharge_becomes_the_call_an_ehr_would_make(tmp_path: Path) -> None:
    discharge = {"patient": "p", "encounter": "e", "prefetch": {"patient": {"id": "p"}}}
    (tmp_path / "one.json").write_text(json.dumps(discharge))

    [call] = map(json.loads, hook_calls(tmp_path))

    assert call["hook"] == "encounter-discharge"
    assert call["context"] | {"userId": ""} == {"patientId": "p", "encounterId": "e", "userId": ""}
    assert call["prefetch"] == {"patient": {"id": "p"}}
