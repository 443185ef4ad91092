"""Names of hospitals, employers and towns in running text, by the words around them."""

import re
from typing import NamedTuple

from privacy.notes.signs import (
    CREDENTIALS,
    DIRECTIONS,
    EMPLOYED,
    FACILITIES,
    FACILITY_NAMES,
    HOSPITALS,
    NEWCOMERS,
    NO_NAMES,
    WORKS,
)
from privacy.notes.text import APOSTROPHES, Words
from privacy.notes.words import common_words, given_names, surnames

TITLED = 2  # so many capital words before `Clinic` are a name, whatever they say
LONGEST = 5  # words of an institution's name
ACROSS_LINES = re.compile(r"[\n\r]")
INSIDE = re.compile(rf"[ {APOSTROPHES}.&-]{{1,3}}")  # what stands between words of one institution


class Place(NamedTuple):
    """Words `first` to `end` name something of the kind `label`."""

    first: int
    end: int
    label: str


def institution_at(words: Words, index: int) -> Place | None:
    """The institution or town for which word `index` is the sign; None when it is none."""
    word = words.folded[index]
    if word in EMPLOYED and words.at(index - 1) in WORKS:
        return _capitals_after(words, index, "ORG")
    if word == "from" and words.at(index - 1) in NEWCOMERS:
        return _capitals_after(words, index, "GEO")
    if not words.is_capital(index):
        return None
    if word in FACILITIES and not words.gap(index).startswith(":"):
        return _facility(words, index)
    if word in HOSPITALS and words.written[index].isupper():
        return Place(index, index + 1, "ORG")
    return _town(words, index) if word in DIRECTIONS else None


def _capitals_after(words: Words, index: int, label: str) -> Place | None:
    """The capital words after `works at` or `a woman from`."""
    end = index + 1
    while end <= index + LONGEST and words.is_capital(end) and INSIDE.fullmatch(words.gap(end - 1)):
        end += 1
    return Place(index + 1, end, label) if end > index + 1 else None


def _facility(words: Words, index: int) -> Place | None:
    """A hospital or the like with a name of its own: the capital words before it."""
    first = index
    while first > max(0, index - LONGEST) and _is_part(words, first - 1):
        first -= 1
    before = words.folded[first:index]
    is_titled = len(before) >= TITLED and not words.written[index].isupper()
    is_own = is_titled or any(_is_own_name(word) for word in before)
    return Place(first, index + 1, "ORG") if is_own else None


def _is_part(words: Words, index: int) -> bool:
    if not INSIDE.fullmatch(words.gap(index)) or words.folded[index] in CREDENTIALS:
        return False
    return words.is_capital(index) or words.folded[index] in {"of", "the", "s", "and"}


def _is_own_name(word: str) -> bool:
    return word not in common_words() or word in FACILITY_NAMES or word in surnames()


def _town(words: Words, index: int) -> Place | None:
    """A town or a saint: `New Haven`, `Port Kelly`, `St. Mary`."""
    after = words.at(index + 1)
    if not words.is_capital(index + 1) or not words.is_beside(index) or after in NO_NAMES:
        return None
    is_name = after in given_names() or after in surnames() or after not in common_words()
    is_shouted = words.written[index + 1].isupper()
    return Place(index, index + 2, "GEO") if is_name and not is_shouted else None
