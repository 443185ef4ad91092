"""JSON in and out: every digit kept, every poison refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.errors import InvalidJson
from fhir_api.json_text import dump, dump_sorted, parse

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
leaves = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | decimals | names
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)

POISON = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "lists just too deep": b"[" * 65 + b"]" * 65,
    "deep objects": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "5,000 digits": b'{"v":' + b"9" * 5000 + b"}",
    "beyond any measurement": b'{"v":1e999}',
    "NaN": b'{"v":NaN}',
    "NUL": b'{"v":"a\\u0000b"}',
    "half a surrogate pair": b'{"v":"\\ud800"}',
    "names twice": b'{"resourceType":"Patient","resourceType":"Observation"}',
    "not UTF-8": b'{"a":"\xff"}',
    "two texts": b'{"a":1}{"b":2}',
    "nothing": b"",
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_refused_without_an_accident(name: str) -> None:
    with pytest.raises(InvalidJson, match="Nothing was stored"):
        parse(POISON[name])


@given(values)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert parse(dump(value)) == value


@given(decimals)
def test_a_decimal_keeps_every_digit(number: Decimal) -> None:
    text = dump({"value": number})

    assert dump(parse(text)) == text


def test_trailing_zeros_of_a_measurement_are_kept() -> None:
    assert dump(parse(b'{"value":0.010}')) == b'{"value":0.010}'
    assert dump(parse(b'{"value":1.0E+2}')) == b'{"value":1.0E+2}'


def test_64_levels_are_deep_enough_for_anyone() -> None:
    assert parse(b"[" * 64 + b"]" * 64)


def test_a_byte_order_mark_is_overlooked() -> None:
    assert parse(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_a_whole_surrogate_pair_and_a_written_backslash_are_fine() -> None:
    assert parse(b'{"v":"\\ud83d\\ude00 \\\\u0000"}') == {"v": "\U0001f600 \\u0000"}


def test_an_error_tells_the_place_and_not_the_text() -> None:
    with pytest.raises(InvalidJson) as refused:
        parse(b'{"name": "Quillfeather", }')

    assert "line 1, column" in str(refused.value)
    assert "Quillfeather" not in str(refused.value)


@given(st.permutations(["a", "b", "c"]))
def test_equal_content_has_equal_bytes_in_any_order(order: list[str]) -> None:
    assert dump_sorted(dict.fromkeys(order, 1)) == b'{"a":1,"b":1,"c":1}'
