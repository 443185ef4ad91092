"""Acknowledgements: their header, their codes in both modes, and where an error was."""

import pytest

from fhir_api.hl7v2.conversion.vocabulary import load_vocabulary
from fhir_api.hl7v2.wire.acknowledgement import Echo, acknowledgements, echo_of
from fhir_api.hl7v2.wire.header import read_header
from fhir_api.hl7v2.wire.message import read_message
from fhir_api.hl7v2.wire.refusals import Place, Refusal, Refused, Rejected
from tests.support.hl7v2 import EVENTS, NOW, adt, first_line

REFUSED = Refused(102, Place("PV1", 44), "this is no date.")
REJECTED = Rejected(201, Place("MSH", 9), "not this event.")


def answer(content: bytes, refusal: Refusal | None = None, **asked: str) -> list[bytes]:
    message = read_message(content)
    echo = Echo(message.header.fields, message.delimiters, message.codec)
    accept, application = asked.get("accept", ""), asked.get("application", "")
    return acknowledgements(echo, (accept, application), refusal, NOW)


def test_sender_and_receiver_change_places_and_the_control_id_comes_back() -> None:
    (reply,) = answer(adt("A04", number="ABC-7"))

    assert first_line(reply, "MSH")[2:6] == ["HOMEWARD", "SITE", "ADT", "HOSPITAL"]
    assert first_line(reply, "MSH")[6] == "20240601120000+0000"
    assert first_line(reply, "MSH")[8:12] == [
        "ACK^A04^ACK",
        first_line(reply, "MSH")[9],
        "P",
        "2.5",
    ]
    assert first_line(reply, "MSA") == ["MSA", "AA", "ABC-7"]


def test_an_error_says_where_which_code_and_what_to_do() -> None:
    (reply,) = answer(adt("A01"), REFUSED)

    assert first_line(reply, "MSA")[1] == "AE"
    assert first_line(reply, "ERR")[2:5] == ["PV1^1^44", "102^Data type error^HL70357", "E"]
    assert first_line(reply, "ERR")[8] == "PV1-44: this is no date."


def test_below_version_2_5_the_error_has_its_old_form() -> None:
    (reply,) = answer(adt("A01", version="2.3"), REFUSED)

    assert first_line(reply, "ERR") == ["ERR", "PV1^1^44^102&Data type error&HL70357"]
    assert first_line(reply, "MSA")[3] == "PV1-44: this is no date."
    assert first_line(reply, "MSH")[8] == "ACK^A01"


@pytest.mark.parametrize(
    ("accept", "application", "stored", "refused", "rejected"),
    [
        ("", "", ["AA"], ["AE"], ["AR"]),
        ("AL", "AL", ["CA", "AA"], ["CE", "AE"], ["CR", "AR"]),
        ("AL", "NE", ["CA"], ["CE"], ["CR"]),
        ("NE", "AL", ["AA"], ["AE"], ["AR"]),
        ("ER", "NE", [], ["CE"], ["CR"]),
        ("SU", "ER", ["CA"], ["AE"], ["AR"]),
        ("NE", "NE", [], [], []),
    ],
)
def test_enhanced_mode_sends_what_msh_15_and_msh_16_ask_for(
    accept: str, application: str, stored: list[str], refused: list[str], rejected: list[str]
) -> None:
    found = [
        [first_line(reply, "MSA")[1] for reply in
         answer(adt("A01"), refusal, accept=accept, application=application)]
        for refusal in (None, REFUSED, REJECTED)
    ]  # fmt: skip

    assert found == [stored, refused, rejected]


def test_the_answer_is_in_the_delimiters_and_characters_of_the_message() -> None:
    content = "MSH#*!$%#Größe#B#C#D#20240501##ADT*A01#7#P#2.5######8859/1\r".encode("latin-1")
    (reply,) = answer(content, REFUSED)

    assert reply.startswith(b"MSH#*!$%#C#D#Gr\xf6\xdfe#B#")
    assert b"ERR##PV1*1*44#102*Data type error*HL70357#E" in reply
    assert b"#8859/1\r" in reply


def test_nothing_of_the_message_can_end_the_frame_of_the_answer() -> None:
    content = adt("A01", number="7\x1c").replace(b"ADT|HOSPITAL", b"ADT\x1c|HOSP\x0bITAL")
    (reply,) = answer(content)

    assert b"\x1c" not in reply
    assert b"\x0b" not in reply


def test_a_delimiter_in_our_own_words_is_escaped() -> None:
    (reply,) = answer(adt("A01"), Refused(102, Place("PV1", 44), "a|b^c"))

    assert b"a\\F\\b\\S\\c" in reply


def test_what_cannot_be_read_is_answered_with_as_much_of_its_header_as_there_is() -> None:
    (reply,) = acknowledgements(echo_of(adt("A01", charset="X")), ("", ""), REJECTED, NOW)
    (nothing,) = acknowledgements(echo_of(b"\x00garbage"), ("", ""), REJECTED, NOW)

    assert first_line(reply, "MSA") == ["MSA", "AR", "M1"]
    assert first_line(nothing, "MSA") == ["MSA", "AR", ""]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (adt("A01").replace(b"ADT^A01", b"ORU^R01"), 200),
        (adt("A09"), 201),
        (adt("A01", processing="T"), 202),
        (adt("A01", version="3.0"), 203),
        (adt("A01", version="2.9"), 203),
        (adt("A01", number=""), 101),
        (adt("A01").replace(b"|HOMEWARD|SITE|", b"|ELSE|WHERE|"), 200),
    ],
)
def test_what_is_not_for_us_is_rejected_with_its_code(content: bytes, code: int) -> None:
    with pytest.raises(Rejected) as caught:
        read_header(read_message(content), EVENTS, frozenset("P"), frozenset({"HOMEWARD"}))

    assert caught.value.code == code


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6",
                                     "2.7", "2.7.1", "2.8", "2.8.2"])  # fmt: skip
def test_versions_2_1_to_2_8_are_read(version: str) -> None:
    message = read_message(adt("A01", version=version))

    assert read_header(message, EVENTS, frozenset("P"), frozenset()).event == "A01"


def test_an_old_message_may_name_its_event_in_evn_alone() -> None:
    message = read_message(adt("A01", version="2.1").replace(b"ADT^A01", b"ADT"))

    assert read_header(message, EVENTS, frozenset("P"), frozenset()).event == "A01"


def test_the_events_of_the_contract_are_taken_in() -> None:
    wanted = {f"A{number:02d}" for number in (*range(1, 9), 11, 13, 28, 31, 40)}

    assert set(load_vocabulary().events) == wanted
