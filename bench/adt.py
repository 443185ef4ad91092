"""HL7 v2 messages a second, each acknowledged before the next: `python -m bench.adt`.

Starts `homeward adt listen` over a new embedded database and sends it the stays of invented
patients: admission, transfer, update and discharge, each with diagnoses, allergies and people.
Every connection waits for the acknowledgement of a message before it sends the next, as most
senders do, so the figure of one connection is the way there and back.
"""

import argparse
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clock import utc_now
from bench.command import House
from bench.database import emptied, postgres_cpu_s, process_cpu_s
from bench.machine import this_machine
from bench.report import Report, Row, save

if TYPE_CHECKING:
    from homeward.embedded.postgres import EmbeddedPostgres

END = b"\x1c\r"
FIRST = datetime(2024, 1, 1, 8, tzinfo=UTC)
HOME = "2106-3|1 Way^^Boston^MA^02139||(617)5550100|||M"
EVENTS = (("A01", 0, "WARD^1^A"), ("A02", 20, "ICU^2^B"), ("A08", 30, "ICU^2^B"), ("A03", 90, ""))


def stay(patient: int) -> Iterator[bytes]:
    """The messages of one stay of one patient."""
    admitted = FIRST + timedelta(hours=patient % 5000)
    for event, hours, bed in EVENTS:
        at = f"{admitted + timedelta(hours=hours):%Y%m%d%H%M%S}+0000"
        left = at if event == "A03" else ""
        visit = ["1", "I", bed, "E", "", "", "17^Attender^Ann^^^^^^NPI", "18^Sender^Sam^^^^^^NPI"]
        visit += ["", "MED", "", "", "", "7", "", "", "17^Attender^Ann^^^^^^NPI", ""]
        visit += [f"V{patient}^^^HOSP^VN", *[""] * 16, "01" if left else "", *[""] * 7]
        segments = [
            f"MSH|^~\\&|ADT|HOSPITAL|HOMEWARD|SITE|{at}||ADT^{event}|{patient}-{event}|P|2.5.1",
            f"EVN|{event}|{at}",
            f"PID|1||{patient:07d}^^^HOSP^MR||Family{patient}||19{50 + patient % 50}0504|F||{HOME}",
            "|".join(["PV1", *visit, f"{admitted:%Y%m%d%H%M%S}+0000", left]),
            "DG1|1||I50.9^Heart failure^I10C|||A",
            "DG1|2||E11.9^Diabetes^I10C|||F",
            "AL1|1|DA|7980^Penicillin^RXNORM|SV",
        ]
        yield "\r".join([*segments, ""]).encode()


def send(port: int, messages: Sequence[bytes]) -> list[float]:
    """Send messages over one connection; seconds until each was acknowledged."""
    took = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for message in messages:
            began = time.perf_counter()
            connection.sendall(b"\x0b" + message + END)
            answer = b""
            while not answer.endswith(END):
                answer += connection.recv(65536)
            if b"|AA|" not in answer:
                raise RuntimeError("A message was not accepted; the figures would mean nothing.")
            took.append(time.perf_counter() - began)
    return took


def load(port: int, connections: int, patients: range) -> tuple[float, list[float]]:
    """Wall time, and seconds for each message, of stays shared among connections."""
    shares = [
        [message for patient in patients[place::connections] for message in stay(patient)]
        for place in range(connections)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as senders:
        took = [each for share in senders.map(lambda s: send(port, s), shares) for each in share]
    return time.perf_counter() - began, took


def measure(home: Path, stays: int) -> Report:
    """Send stays at one connection and at four, to one listener."""
    began, machine = utc_now(), this_machine()
    server, house = emptied(home), House(home, {"SITE": "bench"})
    server.url()  # held, so that the listener finds the same one running
    house.run("migrate")
    process, port = started(house)
    rows = []
    for place, connections in enumerate((1, 4)):
        patients = range(1 + place * stays, 1 + (place + 1) * stays)
        rows.append(once(connections, patients, (process.pid, port), server))
    process.terminate()
    process.wait()
    server.leave()
    return Report("adt", rows, machine, began)


def started(house: House) -> tuple["subprocess.Popen[str]", int]:
    """A listener on a free port."""
    command = house.call("adt", "listen", "--port", "0")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    words = process.stderr.readline()
    return process, int(words.rstrip(".\n").rpartition(":")[2])


def once(
    connections: int, patients: range, place: tuple[int, int], server: "EmbeddedPostgres"
) -> Row:
    """One line of the table."""
    process, port = place
    before, database = process_cpu_s(process), postgres_cpu_s(server.data)
    wall, took = load(port, connections, patients)
    ordered, count = sorted(took), len(took)
    return {
        "connections": connections,
        "messages": count,
        "seconds": wall,
        "messages/s": count / wall,
        "p50 ms": 1000 * ordered[count // 2],
        "p95 ms": 1000 * ordered[count * 95 // 100],
        "CPU ms/message": 1000 * (process_cpu_s(process) - before) / count,
        "Postgres CPU ms/message": 1000 * (postgres_cpu_s(server.data) - database) / count,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.adt", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where to work")
    parser.add_argument("--stays", type=int, default=250, help="stays of four messages each")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    save(measure(options.out / "home-adt", options.stays), options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
