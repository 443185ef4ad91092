"""HL7 v2 messages in a few words, a receiver that takes them in, and a sender that speaks MLLP."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from fhir_api.hl7v2.conversion.convert import Conversion, convert
from fhir_api.hl7v2.conversion.times import Clock
from fhir_api.hl7v2.conversion.vocabulary import load_vocabulary
from fhir_api.hl7v2.journal import Journal
from fhir_api.hl7v2.listener import Limits, Listener
from fhir_api.hl7v2.receiver import Receiver, Rules
from fhir_api.hl7v2.wire.frames import END, framed
from fhir_api.hl7v2.wire.header import read_header
from fhir_api.hl7v2.wire.message import read_message
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.reidentify import Presenter
from tests.support.fhir import ingestor

Json = dict[str, Any]
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
VOCABULARY = load_vocabulary()
ANY = frozenset({"P", "T", "D"})
EVENTS = frozenset(VOCABULARY.events)
ADMITTED = "20240501083000+0000"
PID = "PID|1||8830417^^^HOSP^MR||Quillfeather^Zebediah||19610504|M"


def adt(event: str, *segments: str, at: str = ADMITTED, number: str = "M1", **more: str) -> bytes:
    """A message of an event; without segments, of one patient and one stay.

    `version`, `processing`, `accept`, `application` and `charset` change the header.
    """
    get = more.get
    header = (
        f"MSH|^~\\&|ADT|HOSPITAL|HOMEWARD|SITE|{at}||ADT^{event}|{number}|{get('processing', 'P')}|"
        f"{get('version', '2.5')}|||{get('accept', '')}|{get('application', '')}||"
        f"{get('charset', '')}"
    )
    body = segments or (PID, pv1())
    return "\r".join((header, f"EVN|{event}|{at}", *body, "")).encode()


def pv1(visit: str = "V-77", **fields: str) -> str:
    """A PV1 with some fields, such as `f3="WARD^1^A"`."""
    given = {2: "I", 19: f"{visit}^^^HOSP^VN", 44: ADMITTED}
    given |= {int(name.removeprefix("f")): value for name, value in fields.items()}
    return "PV1|1|" + "|".join(given.get(number, "") for number in range(2, 53))


def converted(content: bytes, known: Any = None, now: datetime = NOW) -> Conversion:
    """What a message comes to, without a database."""
    message = read_message(content)
    header = read_header(message, EVENTS, ANY, frozenset())
    return convert(message, header.event, VOCABULARY, Clock(UTC, now), known or {})


def resources(content: bytes, kind: str) -> list[Json]:
    """The resources of a type that a message comes to."""
    entries = converted(content).bundle["entry"]
    found = (each["resource"] for each in entries if "resource" in each)
    return [resource for resource in found if resource["resourceType"] == kind]


def receiver(engine: Engine, made: Ingestor | None = None, **rules: Any) -> Receiver:
    """A receiver of the test site that takes P and T."""
    given = {"processing": ANY} | rules
    parts = made or ingestor(engine)
    return Receiver(parts, Journal(engine, parts.keys), Rules(VOCABULARY, **given))


def first_line(reply: bytes, name: str) -> list[str]:
    """The fields of a segment of an acknowledgement; empty when it has none."""
    for line in reply.decode().split("\r"):
        if line.startswith(name):
            return line.split("|")
    return []


def told(taker: Receiver, content: bytes, now: datetime = NOW) -> str:
    """The acknowledgement code that a message gets."""
    return first_line(taker.receive(content, now).replies[0], "MSA")[1]


def shown(engine: Engine, kind: str) -> list[Json]:
    """What is stored of a type, newest versions, with true ids and dates put back."""
    parts = ingestor(engine)
    query = text(
        "SELECT resource_id FROM resource_head WHERE resource_type = :kind AND NOT deleted"
    )
    with engine.connect() as connection:
        ids = list(connection.execute(query, {"kind": kind}).scalars())
    found = [parts.store.read(kind, each) for each in ids]
    rows = [row for row in found if row is not None]
    return Presenter(parts.keys, parts.store.vault, identified=True).present(rows)


def count(engine: Engine, table: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def versions(engine: Engine) -> int:
    """The highest version of any resource."""
    query = text("SELECT coalesce(max(version), 0) FROM resource_version")
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def reference_messages(folder: Path) -> list[Path]:
    """The messages of the reference set, by name."""
    return sorted(folder.glob("*.hl7"))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


def conversation(taker: Receiver, talk: Talk, limits: Limits | None = None) -> Any:
    """What `talk` gives back after speaking with a listener over TCP."""

    async def run() -> Any:
        listener = Listener(taker, lambda: NOW, limits)
        server = await listener.start("127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await asyncio.wait_for(talk(reader, writer), 30)
        finally:
            writer.close()
            await listener.stop(server)

    return asyncio.run(run())


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes
) -> bytes:
    """Send a message and wait for one acknowledgement."""
    writer.write(framed(content))
    await writer.drain()
    return (await reader.readuntil(END))[1 : -len(END)]
