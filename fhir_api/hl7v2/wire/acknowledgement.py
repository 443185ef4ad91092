"""Acknowledgements: MSH, MSA and ERR, in original and in enhanced mode (v2.8, 2.9.2 and 2.9.3).

| what became of it                | original | accept (MSH-15) | application (MSH-16) |
|----------------------------------|----------|-----------------|----------------------|
| stored, or stored before         | AA       | CA              | AA                   |
| refused, kept as a dead letter   | AE       | CE              | AE                   |
| not read, not for us, not stored | AR       | CR              | AR                   |

An enhanced acknowledgement is sent when its condition (AL, NE, ER, SU; table 0155) asks for it.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from fhir_api.hl7v2.wire.escapes import Delimiters
from fhir_api.hl7v2.wire.message import FIRST_DELIMITER, SHORTEST_HEADER
from fhir_api.hl7v2.wire.refusals import Refusal

ACCEPTED = "AA"
USUAL = Delimiters("|", "^", "~", "\\", "&")
ERROR_TEXTS = {
    100: "Segment sequence error", 101: "Required field missing", 102: "Data type error",
    103: "Table value not found", 104: "Value too long", 200: "Unsupported message type",
    201: "Unsupported event code", 202: "Unsupported processing id",
    203: "Unsupported version id", 206: "Application record locked",
    207: "Application error",
}  # fmt: skip
WANTED = {"AL": {"AA", "AE", "AR"}, "ER": {"AE", "AR"}, "SU": {"AA"}}
CONTROL_ID_LETTERS, LONGEST_ECHO = 20, 250


@dataclass(frozen=True, slots=True)
class Echo:
    """What an acknowledgement repeats of the message, as written there.

    Attributes:
        fields: The fields of MSH, from MSH-1; empty when the frame had no header.
        delimiters: Of the message, or the usual ones.
        codec: For the way back.
    """

    fields: tuple[str, ...] = ()
    delimiters: Delimiters = USUAL
    codec: str = "utf-8"

    def raw(self, field: int) -> str:
        """A field of MSH without control characters, which could end a frame of ours.

        Empty when there is none or it is too long to be one.
        """
        given = self.fields[field - 1] if field <= len(self.fields) else ""
        return "".join(filter(str.isprintable, given)) if len(given) <= LONGEST_ECHO else ""

    @property
    def event(self) -> str:
        """MSH-9.2."""
        parts = self.raw(9).split(self.delimiters.component)
        return parts[1] if len(parts) > 1 else ""

    @property
    def is_old(self) -> bool:
        """Whether the version is below 2.5, where ERR had one field."""
        version = self.raw(12).partition(self.delimiters.component)[0]
        return bool(version) and version < "2.5"


def echo_of(content: bytes) -> Echo:
    """What can be repeated of a frame that could not be read as a message."""
    text = content[:4096].decode("latin-1").lstrip("\ufeffï»¿\r\n\t ")
    if not text.startswith("MSH") or len(text) < SHORTEST_HEADER:
        return Echo()
    separator = text[FIRST_DELIMITER - 1]
    line = text.replace("\n", "\r").partition("\r")[0]
    if separator != USUAL.field or not line[FIRST_DELIMITER:].startswith(USUAL.component):
        return Echo()
    return Echo((separator, *line.split(separator)[1:]), USUAL, "latin-1")


def acknowledgements(
    echo: Echo, asked: tuple[str, str], refusal: Refusal | None, now: datetime
) -> list[bytes]:
    """The messages to send back, in order; `asked` is MSH-15 and MSH-16, empty in original mode."""
    answer = ACCEPTED if refusal is None else refusal.answer
    if asked == ("", ""):
        return [acknowledgement(echo, answer, refusal, now)]
    accept, application = asked
    answers = ["C" + answer[1]] if answer in WANTED.get(accept, set()) else []
    answers += [answer] if answer in WANTED.get(application, set()) else []
    return [acknowledgement(echo, each, refusal, now) for each in answers]


def acknowledgement(echo: Echo, answer: str, refusal: Refusal | None, now: datetime) -> bytes:
    """One acknowledgement, in the delimiters and the character set of the message."""
    segments = [header_of(echo, now), receipt(echo, answer, refusal)]
    if refusal is not None:
        segments.append(error_of(echo, refusal))
    return "".join(f"{segment}\r" for segment in segments).encode(echo.codec, "replace")


def header_of(echo: Echo, now: datetime) -> str:
    """MSH: sender and receiver change places."""
    marks = echo.delimiters
    kind = marks.component.join(filter(None, ("ACK", echo.event)))
    if echo.event and not echo.is_old:
        kind += f"{marks.component}ACK"
    fields = [
        echo.raw(5), echo.raw(6), echo.raw(3), echo.raw(4), f"{now:%Y%m%d%H%M%S}+0000", "", kind,
        uuid.uuid4().hex[:CONTROL_ID_LETTERS], echo.raw(11) or "P", echo.raw(12) or "2.5",
        "", "", "", "", "", echo.raw(18),
    ]  # fmt: skip
    return marks.field.join(("MSH", marks.encoding, *fields)).rstrip(marks.field)


def receipt(echo: Echo, answer: str, refusal: Refusal | None) -> str:
    """MSA; below 2.5 it holds the reason too."""
    fields = ["MSA", answer, echo.raw(10)]
    if refusal is not None and echo.is_old:
        fields.append(escaped(str(refusal), echo.delimiters))
    return echo.delimiters.field.join(fields)


def error_of(echo: Echo, refusal: Refusal) -> str:
    """ERR: where, which code of table 0357, and in words what to do."""
    marks, place = echo.delimiters, refusal.place
    code = str(refusal.code)
    text = ERROR_TEXTS.get(refusal.code, "")
    where = (place.segment, str(place.sequence), str(place.field) if place.field else "")
    if echo.is_old:
        inner = marks.subcomponent.join((code, text, "HL70357"))
        return marks.field.join(("ERR", marks.component.join((*where, inner))))
    coded = marks.component.join((code, text, "HL70357"))
    location = marks.component.join(where).rstrip(marks.component)
    words = escaped(str(refusal), marks)
    return marks.field.join(("ERR", "", location, coded, "E", "", "", "", words))


def escaped(text: str, marks: Delimiters) -> str:
    """A text of ours without any delimiter of the message."""
    letters = {
        marks.field: "F", marks.component: "S", marks.subcomponent: "T", marks.repetition: "R",
        marks.escape: "E",
    }  # fmt: skip
    return (
        "".join(
            f"{marks.escape}{letters[sign]}{marks.escape}" if sign in letters else sign
            for sign in text
        )
        .replace("\r", " ")
        .replace("\n", " ")
    )
