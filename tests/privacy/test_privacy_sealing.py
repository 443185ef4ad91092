"""What is sealed is read again here, under its own name, and nowhere else."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from privacy.sealing import Box, key_for

ROOT = bytes(range(32))
KEY = key_for("tests", ROOT, "site")


@given(st.text(), st.binary())
def test_what_is_sealed_can_be_opened_under_its_name(name: str, content: bytes) -> None:
    box = Box(KEY, "site")

    assert box.open(name, box.close(name, content)) == content


@pytest.mark.parametrize(
    "other",
    [
        Box(KEY, "another site"),
        Box(key_for("another purpose", ROOT, "site"), "site"),
        Box(key_for("tests", bytes(32), "site"), "site"),
    ],
)
def test_no_other_site_purpose_or_key_opens_it(other: Box) -> None:
    sealed = Box(KEY, "site").close("row", b"Jane Doe")

    with pytest.raises(InvalidTag):
        other.open("row", sealed)


def test_a_sealed_row_moved_to_another_name_does_not_open() -> None:
    box = Box(KEY, "site")

    with pytest.raises(InvalidTag):
        box.open("row 2", box.close("row 1", b"Jane Doe"))


def test_the_same_content_is_never_sealed_the_same() -> None:
    box = Box(KEY, "site")

    assert box.close("row", b"x") != box.close("row", b"x")
