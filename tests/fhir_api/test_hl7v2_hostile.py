"""Whatever is sent, each frame gets an answer and nothing but ADT is stored."""

import asyncio
import random
import resource

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.hl7v2.receiver import Receiver
from fhir_api.hl7v2.wire.frames import END, START, framed
from tests.support.data import shared_data
from tests.support.hl7v2 import NOW, PID, adt, conversation, count, first_line, pv1, receiver
from tests.support.hl7v2 import reference_messages as messages_of

MEGABYTE = 1024  # ru_maxrss is in kilobytes on Linux
RICH = adt(
    "A01", PID + "||2106-3|1 Way^^Town^MA^02139||(617)555||eng|M|||999",
    pv1(f3="W^1^A", f6="W^2^B", f7="9^House^G^^^^^^NPI", f36="01", f45="20240502"),
    "DG1|1||I50.9^HF^I10C|HF|20240501|A", "AL1|1|DA|7980^P^RXNORM|SV|rash",
    "OBX|1|NM|8867-4^HR^LN||60|/min|||||F|||20240501", "PR1|1||45378^C^C4||2024",
    "IN1|1|PLAN|77|Insurer", "NK1|1|Doe^John|SPO", "MRG|4711^^^HOSP^MR",
)  # fmt: skip
PIECES = st.sampled_from(
    [b"|", b"^", b"~", b"&", b"\\", b'""', b"\r", b"\n", b"\x00", b"\xff", b"\xed\xa0\x80", b"MSH",
     b"PID|", b"A40", b"99999999999999999999", b"-1", b"\\X00\\", b"\\.sp9999999999\\", b"\x0b",
     b"'; DROP TABLE x; --", "İ𝟙\u202e".encode(), b"20241399", b"%s{0}", b"D" * 300]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real message, cut, doubled, spliced and overwritten in some places."""
    content = bytearray(draw(st.sampled_from([RICH, RICH, adt("A40", PID, "MRG|1^^^H^MR")])))
    chance = draw(st.randoms(use_true_random=False))
    begin = (
        content.index(b"\r") if draw(st.booleans()) else 0
    )  # the header is spared as often as not
    for _ in range(draw(st.integers(1, 5))):
        at = chance.randrange(begin, len(content))
        until = min(len(content), at + draw(st.integers(0, 12)))
        content[at:until] = draw(PIECES) * draw(st.integers(0, 2))
    return bytes(content)


@pytest.fixture
def taker(engine: Engine) -> Receiver:
    """One receiver for all examples of a test."""
    return receiver(engine)


@given(content=mutated())
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mutation_of_a_message_is_answered_and_never_as_our_mistake(
    taker: Receiver, content: bytes
) -> None:
    answer = taker.receive(content, NOW)

    assert answer.outcome in {"applied", "late", "known", "refused", "rejected"}
    assert answer.refusal is None or answer.refusal.code != 207, answer.refusal


@given(content=st.binary(max_size=400))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_are_no_message_are_rejected(taker: Receiver, content: bytes) -> None:
    assert taker.receive(content, NOW).outcome == "rejected"


def test_mutations_of_the_reference_messages_crash_nothing(taker: Receiver) -> None:
    chance = random.Random(7)
    for path in messages_of(shared_data("hl7v2_messages")):
        lines = path.read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
        fields = [line.split(b"|") for line in lines]
        for line in fields[1:]:
            chance.shuffle(line[1:])
            line[chance.randrange(len(line))] = chance.choice([b'""', b"^^^^", b"~~", b"\\F"])
        answer = taker.receive(b"\r".join(b"|".join(line) for line in fields), NOW)

        assert answer.refusal is None or answer.refusal.code != 207, path.name


def test_messages_that_are_not_adt_are_rejected_with_the_reason(engine: Engine) -> None:
    taker = receiver(engine)
    others = [path for path in messages_of(shared_data("hl7v2_messages"))
              if not path.name.startswith(("ADT", "lfh_sample"))]  # fmt: skip
    for path in others:
        answer = taker.receive(path.read_bytes(), NOW)
        assert answer.outcome == "rejected", path.name
        assert answer.refusal is not None
        assert answer.refusal.code in {200, 100, 102, 103, 202, 203}, path.name

    assert len(others) > 40
    assert count(engine, "resource_version") == count(engine, "hl7v2_dead_letter") == 0


def test_a_flood_of_poison_does_not_grow_the_process(engine: Engine) -> None:
    poison = [adt("A01", PID, pv1(), f"NTE|1|{sign * 300_000}") for sign in "|^~&\\"]
    poison += [adt("A01") + b"OBX|1|NM|1^2^LN||" + b"1~" * 100_000]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        before = 0
        for each in [*poison, *poison, *poison]:
            writer.write(framed(each))
            await writer.drain()
            await reader.readuntil(END)
            before = before or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert conversation(receiver(engine), talk) < 400 * MEGABYTE


@given(sent=st.lists(st.binary(max_size=60) | PIECES, max_size=8))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_on_the_wire_leave_the_listener_alive(taker: Receiver, sent: list[bytes]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        host, port = writer.get_extra_info("peername")
        writer.write(START.join(sent) + END)
        writer.write_eof()
        await reader.read()
        fresh, asking = await asyncio.open_connection(host, port)
        asking.write(framed(adt("A01")))
        answer = await fresh.readuntil(END)
        asking.close()
        return answer[1:]

    assert first_line(conversation(taker, talk), "MSA")[1] == "AA"
