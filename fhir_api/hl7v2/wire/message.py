"""A message as segments, fields, repetitions, components and subcomponents (v2.8, 2.5 and 2.6).

Segments and fields are split at once, what is inside a field only when it is asked for: a frame of
a megabyte of separators then costs a few megabytes, where the containers of the `hl7` library cost
hundreds. The tests compare both readers on every message of the reference set.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_api.hl7v2.wire.characters import BYTE_ORDER_MARK, decoded
from fhir_api.hl7v2.wire.escapes import Delimiters, unescaped
from fhir_api.hl7v2.wire.refusals import SEQUENCE, WRONG_TYPE, Place, Rejected

NULL = '""'
SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
FIELD_SEPARATOR, FIRST_DELIMITER, SHORTEST_HEADER = 3, 4, 8
MOST_SEGMENTS = 5_000
HEADER = Place("MSH")


@dataclass(frozen=True, slots=True)
class Value:
    r"""One repetition of a field.

    Attributes:
        raw: As sent, escapes and all.
        delimiters: Of its message.
        codec: Of its message, for `\Xdd\`.
    """

    raw: str
    delimiters: Delimiters
    codec: str

    def part(self, component: int = 1, subcomponent: int = 1) -> str:
        """The text of a component, or of one of its subcomponents; empty when there is none."""
        components = self.raw.split(self.delimiters.component)
        if component > len(components):
            return ""
        inner = components[component - 1].split(self.delimiters.subcomponent)
        if subcomponent > len(inner):
            return ""
        text = unescaped(inner[subcomponent - 1], self.delimiters, self.codec).strip()
        return "" if text == NULL else text

    def component(self, number: int) -> "Value":
        """A component whose subcomponents are read as components, as HD inside CX is."""
        components = self.raw.split(self.delimiters.component)
        raw = components[number - 1] if number <= len(components) else ""
        inner = self.delimiters._replace(component=self.delimiters.subcomponent)
        return Value(raw, inner, self.codec)

    def text(self) -> str:
        """All of it as one text, delimiters inside it kept."""
        text = unescaped(self.raw, self.delimiters, self.codec).strip()
        return "" if text == NULL else text

    def __bool__(self) -> bool:
        return bool(self.raw.strip(" " + self.delimiters.component + self.delimiters.subcomponent))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; its fields count from 1 as the standard counts them.

    Attributes:
        name: Such as PID.
        fields: As sent; in MSH the field separator itself is the first.
        sequence: Which of its name in the message, from 1.
        delimiters: Of its message.
        codec: Of its message.
    """

    name: str
    fields: tuple[str, ...]
    sequence: int
    delimiters: Delimiters
    codec: str

    def raw(self, field: int) -> str:
        """A field as sent; empty when there is none."""
        return self.fields[field - 1] if field <= len(self.fields) else ""

    def is_null(self, field: int) -> bool:
        """Whether the sender asks for the value to be deleted (v2.8, 2.5.3: two double quotes)."""
        return self.raw(field).strip() == NULL

    def values(self, field: int) -> list[Value]:
        """The repetitions that hold something."""
        given = self.raw(field).split(self.delimiters.repetition)
        found = (Value(raw, self.delimiters, self.codec) for raw in given if raw.strip() != NULL)
        return [value for value in found if value]

    def value(self, field: int) -> Value:
        """The first repetition that holds something, or an empty one."""
        found = self.values(field)
        return found[0] if found else Value("", self.delimiters, self.codec)

    def text(self, field: int, component: int = 1) -> str:
        """The text of a component of the first repetition."""
        return self.value(field).part(component)

    def place(self, field: int = 0) -> Place:
        """Where a field of this segment is."""
        return Place(self.name, field, self.sequence)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that could be read.

    Attributes:
        segments: In order; the first is MSH.
        delimiters: Of MSH-1 and MSH-2.
        codec: The character set's codec.
    """

    segments: tuple[Segment, ...]
    delimiters: Delimiters
    codec: str

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of a name, in order."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment:
        """The first segment of a name, or an empty one."""
        empty = Segment(name, (), 1, self.delimiters, self.codec)
        return next(self.all(name), empty)


def read_message(content: bytes) -> Message:
    """A message from the bytes of a frame.

    Raises:
        Rejected: It is no HL7 v2 message, or one that cannot be read for sure.
    """
    content = content.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n \t")
    delimiters = delimiters_of(content)
    marks = (delimiters.field.encode(), delimiters.repetition.encode())
    text, codec = decoded(content, marks)
    if "\x00" in text:
        raise Rejected(WRONG_TYPE, HEADER, "the message holds a NUL character.")
    lines = split_segments(text)
    if len(lines) > MOST_SEGMENTS:
        raise Rejected(SEQUENCE, HEADER, f"the message has over {MOST_SEGMENTS:,} segments.")
    return Message(tuple(segments_of(lines, delimiters, codec)), delimiters, codec)


def delimiters_of(content: bytes) -> Delimiters:
    """MSH-1 and MSH-2; raises Rejected for what does not begin as a message does."""
    start = content[: SHORTEST_HEADER + 1].decode("ascii", "replace")
    if not start.startswith("MSH") or len(start) < SHORTEST_HEADER:
        raise Rejected(SEQUENCE, HEADER, "the frame does not begin with an MSH segment.")
    field = start[FIELD_SEPARATOR]
    given = start[FIRST_DELIMITER:].partition(field)[0]
    marks = field + (given[:4] if len(given) >= 4 else given + "^~\\&"[len(given) :])
    usable = all(mark.isascii() and mark.isprintable() and not mark.isalnum() for mark in marks)
    if len(set(marks)) < len(marks) or not usable or " " in marks or '"' in marks:
        raise Rejected(SEQUENCE, Place("MSH", 2), "the delimiters must be five different signs.")
    return Delimiters(field, *marks[1:])


def split_segments(text: str) -> list[str]:
    """Segments end with CR; a message without any CR may use LF, and CR LF is taken for CR."""
    separator = "\r" if "\r" in text else "\n"
    lines = (line.strip("\n") for line in text.split(separator))
    return [line for line in lines if line.strip()]


def segments_of(lines: list[str], delimiters: Delimiters, codec: str) -> Iterator[Segment]:
    """The segments of the lines; raises Rejected where a line is none."""
    met: dict[str, int] = {}
    for number, line in enumerate(lines):
        name, *fields = line.split(delimiters.field)
        name = name.strip()
        if not SEGMENT_NAME.fullmatch(name) or (name == "MSH") != (number == 0):
            message = f"line {number + 1} is no segment that may stand there."
            raise Rejected(SEQUENCE, HEADER, message)
        met[name] = met.get(name, 0) + 1
        own = (delimiters.field,) if name == "MSH" else ()
        yield Segment(name, (*own, *fields), met[name], delimiters, codec)
