"""The listener over real sockets: frames, order, limits, TLS, and senders that misbehave."""

import asyncio
import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hl7.client import MLLPClient
from hl7.mllp import open_hl7_connection
from sqlalchemy import Engine

from fhir_api.errors import InvalidRequest
from fhir_api.hl7v2.listener import Limits, Listener
from fhir_api.hl7v2.receiver import Answer
from fhir_api.hl7v2.transport import tls_context
from fhir_api.hl7v2.wire.frames import END, START, FrameLimits, framed
from tests.support.hl7v2 import (
    NOW,
    PID,
    adt,
    conversation,
    count,
    exchange,
    first_line,
    pv1,
    receiver,
    shown,
)

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
SMALL = Limits(FrameLimits(bytes=2_000, idle_s=5, frame_s=5), connections=2)
HASTY = Limits(FrameLimits(idle_s=0.2, frame_s=0.2))


def test_many_messages_of_one_connection_are_answered_in_their_order(engine: Engine) -> None:
    events = ["A01", "A02", "A08", "A03", "A13", "A03"]

    async def talk(reader: Reader, writer: Writer) -> list[bytes]:
        for number, event in enumerate(events):  # all at once, before any answer
            writer.write(framed(adt(event, PID, pv1(f3=f"W^{number}"), number=str(number))))
        return [await reader.readuntil(END) for _ in events]

    replies = conversation(receiver(engine), talk)

    assert [first_line(each[1:], "MSA")[1:3] for each in replies] == [
        ["AA", str(number)] for number in range(len(events))
    ]  # fmt: skip
    assert shown(engine, "Encounter")[0]["status"] == "finished"
    assert len(shown(engine, "Encounter")[0]["location"]) == len(events)


def test_bytes_may_come_one_by_one_and_frames_with_line_ends_between(engine: Engine) -> None:
    async def talk(reader: Reader, writer: Writer) -> bytes:
        for byte in b"\r\n" + framed(adt("A01")) + b"\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await reader.readuntil(END)
        return await exchange(reader, writer, adt("A01", number="2"))

    assert first_line(conversation(receiver(engine), talk), "MSA")[1:] == ["AA", "2"]


def test_a_refused_message_does_not_end_the_connection(engine: Engine) -> None:
    async def talk(reader: Reader, writer: Writer) -> list[str]:
        sent = [b"garbage", adt("A99"), adt("A01", PID, pv1(f44="x")), adt("A01", number="2")]
        return [first_line(await exchange(reader, writer, each), "MSA")[1] for each in sent]

    assert conversation(receiver(engine), talk) == ["AR", "AR", "AE", "AA"]


def test_the_client_of_the_hl7_library_is_understood(engine: Engine) -> None:
    async def talk(_reader: Reader, writer: Writer) -> bytes:
        host, port = writer.get_extra_info("peername")
        return await asyncio.to_thread(ask, host, port)

    def ask(host: str, port: int) -> bytes:
        with MLLPClient(host, port) as client:
            answer: bytes = client.send_message(adt("A01"))
            return answer

    assert first_line(conversation(receiver(engine), talk)[1:], "MSA")[1] == "AA"


def test_the_streams_of_the_hl7_library_are_understood(engine: Engine) -> None:
    async def talk(_reader: Reader, writer: Writer) -> str:
        host, port = writer.get_extra_info("peername")
        theirs, sender = await open_hl7_connection(host, port, encoding="utf-8")
        sender.writeblock(adt("A01"))
        answer = await theirs.readmessage()
        sender.close()
        return str(answer.segment("MSA")[1])

    assert conversation(receiver(engine), talk) == "AA"


@pytest.mark.parametrize(
    "sent",
    [
        framed(adt("A01") + b"NTE|" + b"x" * 3_000),
        START + b"x" * 10_000,
        b"GET / HTTP/1.1\r\n\r\n",
        START + adt("A01") + START + adt("A01") + END,
    ],
    ids=["too long", "without end", "no frame", "frame in frame"],
)
def test_a_sender_whose_frames_are_wrong_is_told_so_and_let_go(engine: Engine, sent: bytes) -> None:
    async def talk(reader: Reader, writer: Writer) -> bytes:
        writer.write(sent)
        return await reader.read()

    answer = conversation(receiver(engine), talk, SMALL)

    assert first_line(answer[1:], "MSA")[1] == "AR"
    assert count(engine, "resource_version") == 0


@pytest.mark.parametrize("sent", [b"", START, START + b"MSH|^~"], ids=["silent", "start", "slow"])
def test_a_silent_or_slow_sender_loses_its_connection(engine: Engine, sent: bytes) -> None:
    async def talk(reader: Reader, writer: Writer) -> bytes:
        writer.write(sent)
        return await reader.read()

    assert conversation(receiver(engine), talk, HASTY) == b""


def test_a_sender_who_leaves_in_the_middle_of_a_message_leaves_nothing(engine: Engine) -> None:
    async def talk(reader: Reader, writer: Writer) -> bytes:
        writer.write(framed(adt("A01"))[:-20])
        writer.write_eof()
        return await reader.read()

    assert conversation(receiver(engine), talk) == b""
    assert count(engine, "hl7v2_message") == 0


def test_more_connections_than_the_bound_are_turned_away(engine: Engine) -> None:
    async def talk(reader: Reader, writer: Writer) -> list[Any]:
        host, port = writer.get_extra_info("peername")
        others = [await asyncio.open_connection(host, port) for _ in range(2)]
        first = await exchange(reader, writer, adt("A01"))
        second = await exchange(*others[0], adt("A01", number="2"))
        third = await others[1][0].read()
        for _, other in others:
            other.close()
        return [first_line(first, "MSA")[1], first_line(second, "MSA")[1], third]

    assert conversation(receiver(engine), talk, SMALL) == ["AA", "AA", b""]


def test_connections_that_speak_of_one_patient_do_not_disturb_each_other(engine: Engine) -> None:
    async def one(host: str, port: int, name: int) -> list[str]:
        reader, writer = await asyncio.open_connection(host, port)
        sent = [adt("A08", PID, pv1(f10="MED"), number=f"{name}-{n}") for n in range(5)]
        told = [first_line(await exchange(reader, writer, each), "MSA")[1] for each in sent]
        writer.close()
        return told

    async def talk(_reader: Reader, writer: Writer) -> list[list[str]]:
        host, port = writer.get_extra_info("peername")
        return await asyncio.gather(*(one(host, port, name) for name in range(6)))

    assert conversation(receiver(engine), talk) == [["AA"] * 5] * 6
    assert count(engine, "hl7v2_message") == 30
    assert count(engine, "resource_head WHERE resource_type = 'Patient'") == 1


def test_one_message_on_many_connections_at_once_is_stored_once(engine: Engine) -> None:
    async def one(host: str, port: int) -> str:
        reader, writer = await asyncio.open_connection(host, port)
        answer = await exchange(reader, writer, adt("A01"))
        writer.close()
        return first_line(answer, "MSA")[1]

    async def talk(_reader: Reader, writer: Writer) -> list[str]:
        host, port = writer.get_extra_info("peername")
        return await asyncio.gather(*(one(host, port) for _ in range(12)))

    assert conversation(receiver(engine), talk) == ["AA"] * 12
    assert count(engine, "hl7v2_message") == 1


def test_a_message_in_hand_is_finished_when_the_listener_stops(engine: Engine) -> None:
    async def run() -> bytes:
        in_hand = asyncio.Event()
        taker = receiver(engine)
        listener = Listener(taker, lambda: NOW)
        loop, receive = asyncio.get_running_loop(), taker.receive

        def told_of(content: bytes, now: dt.datetime) -> Answer:
            loop.call_soon_threadsafe(in_hand.set)
            return receive(content, now)

        taker.receive = told_of  # type: ignore[method-assign]
        server = await listener.start("127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(framed(adt("A01")))
        await in_hand.wait()
        await listener.stop(server)
        answer = await reader.read()
        writer.close()
        return answer

    assert first_line(asyncio.run(run())[1:], "MSA")[1] == "AA"
    assert count(engine, "hl7v2_message") == 1


def certified(folder: Path, name: str, issuer: Any = None) -> tuple[Any, Any]:
    """A certificate with its key, in files; self-signed without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing = issuer or (None, key)
    day = dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, *plain))
    return made, key


@pytest.mark.parametrize("shows_certificate", [True, False])
def test_over_tls_only_senders_with_a_certificate_of_the_authority_are_let_in(
    engine: Engine, tmp_path: Path, shows_certificate: bool
) -> None:
    authority = certified(tmp_path, "authority")
    for name in ("server", "sender"):
        certified(tmp_path, name, authority)
    ours = tls_context(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "authority.pem")
    theirs = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    if shows_certificate:
        theirs.load_cert_chain(tmp_path / "sender.pem", tmp_path / "sender.key")

    async def run() -> str:
        listener = Listener(receiver(engine), lambda: NOW)
        server = await listener.start("127.0.0.1", 0, ours)
        host, port = server.sockets[0].getsockname()
        try:
            reader, writer = await asyncio.open_connection(
                host, port, ssl=theirs, server_hostname="localhost"
            )
            answer = await exchange(reader, writer, adt("A01"))
            return first_line(answer, "MSA")[1]
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            return "refused"
        finally:
            await listener.stop(server)

    assert asyncio.run(run()) == ("AA" if shows_certificate else "refused")


def test_certificate_files_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="PEM"):
        tls_context(tmp_path / "nothing.pem", tmp_path / "nothing.key", None)
