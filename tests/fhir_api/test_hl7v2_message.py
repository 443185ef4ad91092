"""How a message is read: delimiters, characters, escapes, segments; and what is no message."""

import tracemalloc

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.hl7v2.wire.acknowledgement import escaped
from fhir_api.hl7v2.wire.escapes import Delimiters, unescaped
from fhir_api.hl7v2.wire.message import Message, read_message
from fhir_api.hl7v2.wire.refusals import Rejected
from tests.support.data import shared_data
from tests.support.hl7v2 import adt, reference_messages

USUAL = Delimiters("|", "^", "~", "\\", "&")


def pid(line: str, header: str = "MSH|^~\\&|A|B|||20240501||ADT^A01|1|P|2.5") -> Message:
    return read_message(f"{header}\r{line}\r".encode())


def test_fields_are_counted_as_the_standard_counts_them() -> None:
    message = pid("PID|1||17^^^HOSP&1.2.3&ISO^MR~18")

    assert (message.header.text(1), message.header.text(9, 2)) == ("|", "A01")
    assert message.first("PID").text(3, 5) == "MR"
    assert message.first("PID").value(3).component(4).part(2) == "1.2.3"
    assert [value.part() for value in message.first("PID").values(3)] == ["17", "18"]


def test_delimiters_are_those_that_the_header_names() -> None:
    message = read_message(b"MSH#*!$%#A#B###20240501##ADT*A01#1#P#2.5\rPID###17***H%1$T$2!18\r")

    assert message.first("PID").value(3).component(4).part(2) == "1%2"
    assert message.first("PID").values(3)[1].part() == "18"


@pytest.mark.parametrize("marks", ["^~\\\\&", "^^^^", "aaaa", "^~ &", '^~"&'])
def test_delimiters_that_cannot_be_told_apart_are_rejected(marks: str) -> None:
    with pytest.raises(Rejected, match="MSH-2"):
        read_message(f"MSH|{marks}|A|B|||20240501||ADT^A01|1|P|2.5\r".encode())


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_may_end_with_cr_lf_or_both(end: str) -> None:
    content = adt("A01").replace(b"\r", end.encode())

    assert [segment.name for segment in read_message(content).segments] == [
        "MSH", "EVN", "PID", "PV1",
    ]  # fmt: skip


def test_a_line_feed_inside_a_message_of_carriage_returns_is_text() -> None:
    assert pid("PID|1||17||A\nB").first("PID").text(5) == "A\nB"


def test_two_double_quotes_ask_for_deletion_and_are_no_text() -> None:
    segment = pid('PID|1||17||""|x').first("PID")

    assert segment.is_null(5)
    assert (segment.text(5), segment.values(5)) == ("", [])
    assert not segment.is_null(6)
    assert not segment.is_null(7)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"A\T\E", "A&E"),
        (r"\F\\S\\R\\E\ ", "|^~\\ "),
        (r"one\.br\two", "one\ntwo"),
        (r"\X48C3A4\!", "Hä!"),
        (r"\H\bold\N\ ", "bold "),
        (r"\Zlocal\kept", "kept"),
        (r"\.sp99999999\x", "\nx"),
        (r"a\b", r"a\b"),
        (r"\C2842\\XZZ\x", "x"),
    ],
)
def test_escape_sequences_stand_for_what_they_mean(written: str, meant: str) -> None:
    assert unescaped(written, USUAL, "utf-8") == meant


@given(st.text(max_size=60))
def test_any_text_can_be_written_in_escapes_and_read_back(text: str) -> None:
    plain = text.replace("\r", "").replace("\n", "")

    assert unescaped(escaped(plain, USUAL), USUAL, "utf-8") == plain


@pytest.mark.parametrize(
    ("name", "codec"),
    [("", "utf-8"), ("ASCII", "ascii"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"),
     ("8859/2", "iso8859-2"), ("8859/15~UNICODE UTF-8", "iso8859-15")],
)  # fmt: skip
def test_the_character_set_is_the_one_that_msh_18_names(name: str, codec: str) -> None:
    letters = "e" if codec == "ascii" else "é"
    content = adt("A01", f"PID|1||17||{letters}", charset=name).decode().encode(codec)

    assert read_message(content).first("PID").text(5) == letters


@pytest.mark.parametrize("name", ["UNICODE UTF-16", "UNICODE UTF-32", "ISO IR87", "8859/12", "X"])
def test_a_character_set_that_is_not_read_is_rejected(name: str) -> None:
    with pytest.raises(Rejected, match="MSH-18"):
        read_message(adt("A01", charset=name))


def test_bytes_that_are_not_of_the_character_set_are_rejected_and_not_guessed() -> None:
    with pytest.raises(Rejected, match="MSH-18"):
        read_message(adt("A01", "PID|1||17||é", charset="ASCII"))
    with pytest.raises(Rejected, match="MSH-18"):
        read_message(adt("A01", "PID|1||17||é").decode().encode("latin-1"))


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert read_message(b"\xef\xbb\xbf" + adt("A01")).header.text(10) == "M1"


@pytest.mark.parametrize(
    "content",
    [b"", b"MSH", b"MSH|", b"PID|1", b"FHS|^~\\&|x", b"BHS|^~\\&|x", b"\x00\xff", b"{}",
     b"MSH|^~\\&|A\rpid|1", b"MSH|^~\\&|A\rTOOLONG|1", b"MSH|^~\\&|A\rMSH|^~\\&|B"],
)  # fmt: skip
def test_what_is_no_message_is_rejected(content: bytes) -> None:
    with pytest.raises(Rejected):
        read_message(content)


def test_both_readers_agree_on_every_component_of_every_reference_message() -> None:
    for path in reference_messages(shared_data("hl7v2_messages")):
        content = path.read_bytes()
        try:
            message = read_message(content)
        except Rejected:
            continue
        theirs = hl7.parse(content.decode("utf-8-sig").replace("\r\n", "\r").replace("\n", "\r"))
        for ours, other in zip(
            message.segments, (s for s in theirs if str(s).strip()), strict=True
        ):
            assert [component for field in ours.fields[2:] for component in parts(field)] == [
                component for field in other[3:]
                for component in parts(str(field))
            ], path.name  # fmt: skip


def parts(field: str) -> list[str]:
    return [part.strip() for value in field.split("~") for part in value.split("^")]


@pytest.mark.parametrize("sign", ["|", "^", "~", "&", "\\", "\r"])
def test_a_megabyte_of_separators_costs_a_bounded_memory(sign: str) -> None:
    content = adt("A01") + b"PID|1||" + sign.encode() * 1_000_000
    tracemalloc.start()
    try:
        message = read_message(content)
        [value.part() for value in message.first("PID").values(3)]
    except Rejected:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 60_000_000


def test_more_segments_than_any_event_has_are_rejected() -> None:
    with pytest.raises(Rejected, match="segments"):
        read_message(adt("A01") + b"NTE|1\r" * 5_000)
