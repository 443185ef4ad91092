"""JSON as FHIR means it: decimals keep their digits, and what Postgres cannot hold is refused.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/datatypes.html#decimal
(1.10 is not 1.1). The limits are written down in docs/decisions/0006.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from fhir_api.errors import InvalidJson

LARGEST_EXPONENT = 300
LARGEST_INTEGER_DIGITS = 18  # beyond it 64 bits are not enough, and we keep a Decimal

ESCAPES_WORTH_A_LOOK = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NESTED = (dict, list)


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """How much of each thing a JSON text may hold.

    Attributes:
        depth: Objects and lists inside one another.
        string: Characters of one string.
        number: Characters of one number.
        names: Names in one object.
        values: Commas and opening brackets, which is about as many values; it bounds the memory
            that a text takes. 50 MB of FHIR have some 2.5 million.
    """

    depth: int = 64
    string: int = 16_000_000
    number: int = 100
    names: int = 1_000_000
    values: int = 5_000_000


USUAL = JsonLimits()


def parse(data: bytes, limits: JsonLimits = USUAL) -> Any:
    """The value of a JSON text; numbers with a point are `Decimal`.

    >>> parse(b'{"value": 0.010}')
    {'value': Decimal('0.010')}

    Raises InvalidJson, with the position but never the text, for what is not UTF-8 or not JSON,
    for NaN and infinities, names given twice, numbers beyond 1e300, NUL characters and half
    surrogate pairs (Postgres can store neither), and for more of anything than `limits` allow.
    """
    text = decoded(data.removeprefix(BYTE_ORDER_MARK))
    if values_in(data) > limits.values:
        raise InvalidJson(f"more than {limits.values:,} values")
    try:
        value = read(text, Reading(limits))
    except json.JSONDecodeError as error:
        raise InvalidJson(f"not JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidJson(f"nested deeper than {limits.depth} levels") from None
    if deeper_than(value, limits.depth):
        raise InvalidJson(f"nested deeper than {limits.depth} levels")
    if len(text) > limits.string:
        refuse_long_strings(value, limits.string)
    if ESCAPES_WORTH_A_LOOK.search(data) or "\x00" in text:
        refuse_unstorable(value)
    return value


def read(text: str, reading: "Reading") -> Any:
    """The value of a text, read as `reading` has it."""
    return json.loads(
        text,
        object_pairs_hook=reading.unique_names,
        parse_float=reading.number,
        parse_int=reading.integer,
        parse_constant=no_constant,
    )


def parse_own(text: str) -> Any:
    """The value of a JSON text that `dump` has written: `parse` without its suspicions."""
    return OWN.decode(text)


@dataclass(frozen=True, slots=True)
class Reading:
    """What becomes of objects and numbers while a text is read."""

    limits: JsonLimits

    def unique_names(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; raises InvalidJson when it gives a name twice, or too many."""
        made = dict(pairs)
        if len(made) != len(pairs):
            raise InvalidJson("one object gives the same name twice")
        if len(made) > self.limits.names:
            raise InvalidJson(f"one object has more than {self.limits.names:,} names")
        return made

    def number(self, text: str) -> Decimal:
        """A number with a point or exponent, digit for digit; InvalidJson when it is too large."""
        value = Decimal(text) if len(text) <= self.limits.number else None
        if value is None or abs(value.adjusted()) > LARGEST_EXPONENT:
            raise InvalidJson("a number is longer or larger than any measurement")
        return value

    def integer(self, text: str) -> int | Decimal:
        """A number without a point; a Decimal when 64 bits would not hold it."""
        return int(text) if len(text) <= LARGEST_INTEGER_DIGITS else self.number(text)


OWN = json.JSONDecoder(parse_float=Decimal, parse_int=Reading(USUAL).integer)


def dump(value: Any) -> bytes:
    """The JSON text of a value that `parse` could have made; decimals as they were written."""
    return orjson.dumps(value, default=plain)


def dump_sorted(value: Any) -> bytes:
    """Like `dump`, with the names of every object in order: equal content has equal bytes."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_SORT_KEYS)


def plain(value: Any) -> orjson.Fragment:
    """A number as JSON; anything else is our own mistake and a TypeError."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decoded(data: bytes) -> str:
    """The text of UTF-8 bytes; raises InvalidJson with the position of what is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidJson(f"not UTF-8 at byte {error.start}") from None


def values_in(data: bytes) -> int:
    """At least as many as a text has values, less one; counted without reading it."""
    return data.count(b",") + data.count(b"{") + data.count(b"[")


def no_constant(_name: str) -> NoReturn:
    """Raises InvalidJson for what only JavaScript takes for a number."""
    raise InvalidJson("NaN and Infinity are not JSON")


def deeper_than(value: Any, levels: int) -> bool:
    """Whether objects and lists are nested more than `levels` deep."""
    layer = [value]
    for _ in range(levels):
        layer = [inner for outer in layer for inner in members(outer)]
        if not layer:
            return False
    return True


def members(value: Any) -> list[Any]:
    """The objects and lists directly inside an object or a list."""
    return [inner for inner in inside(value) if isinstance(inner, NESTED)]


def inside(value: Any) -> Collection[Any]:
    """All that stands directly inside an object or a list."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def refuse_long_strings(value: Any, longest: int) -> None:
    """Raise InvalidJson when a string has more characters than `longest`."""
    layer = [value]
    while layer:
        if any(len(each) > longest for each in layer if isinstance(each, str)):
            raise InvalidJson(f"a string has more than {longest:,} characters")
        layer = [inner for outer in layer for inner in inside(outer)]


def refuse_unstorable(value: Any) -> None:
    """Look at every string for what neither UTF-8 nor Postgres can hold."""
    try:
        text = dump(value)
    except (TypeError, ValueError):
        raise InvalidJson("a string holds half of a surrogate pair") from None
    if b"\\u0000" in text.replace(b"\\\\", b""):
        raise InvalidJson("a string holds a NUL character")
