"""JSON as FHIR means it: decimals keep their digits, and what Postgres cannot hold is refused.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/datatypes.html#decimal
(1.10 is not 1.1). The limits are written down in docs/decisions/0006.
"""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from fhir_api.errors import InvalidJson

DEEPEST = 64
LONGEST_NUMBER = 100  # characters
LARGEST_EXPONENT = 300
LARGEST_INTEGER_DIGITS = 18  # beyond it 64 bits are not enough, and we keep a Decimal

ESCAPES_WORTH_A_LOOK = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse(data: bytes) -> Any:
    """The value of a JSON text; numbers with a point are `Decimal`.

    >>> parse(b'{"value": 0.010}')
    {'value': Decimal('0.010')}

    Raises InvalidJson, with the position but never the text, for what is not UTF-8 or not JSON,
    for NaN and infinities, names given twice, depth over 64, numbers over 100 characters or
    beyond 1e300, NUL characters and half surrogate pairs (Postgres can store neither).
    """
    text = decoded(data.removeprefix(BYTE_ORDER_MARK))
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique_names,
            parse_float=number,
            parse_int=integer,
            parse_constant=no_constant,
        )
    except json.JSONDecodeError as error:
        raise InvalidJson(f"not JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidJson(f"nested deeper than {DEEPEST} levels") from None
    if deeper_than(value, DEEPEST):
        raise InvalidJson(f"nested deeper than {DEEPEST} levels")
    if ESCAPES_WORTH_A_LOOK.search(data) or "\x00" in text:
        refuse_unstorable(value)
    return value


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


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises InvalidJson when it gives a name twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise InvalidJson("one object gives the same name twice")
    return made


def number(text: str) -> Decimal:
    """A number with a point or exponent, digit for digit; InvalidJson when it is too large."""
    value = Decimal(text) if len(text) <= LONGEST_NUMBER else None
    if value is None or abs(value.adjusted()) > LARGEST_EXPONENT:
        raise InvalidJson("a number is longer or larger than any measurement")
    return value


def integer(text: str) -> int | Decimal:
    """A number without a point; a Decimal when 64 bits would not hold it."""
    return int(text) if len(text) <= LARGEST_INTEGER_DIGITS else number(text)


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
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, dict | list)]
    if isinstance(value, list):
        return [inner for inner in value if isinstance(inner, dict | list)]
    return []


def refuse_unstorable(value: Any) -> None:
    """Look at every string for what neither UTF-8 nor Postgres can hold."""
    try:
        text = dump(value)
    except (TypeError, ValueError):
        raise InvalidJson("a string holds half of a surrogate pair") from None
    if b"\\u0000" in text.replace(b"\\\\", b""):
        raise InvalidJson("a string holds a NUL character")
