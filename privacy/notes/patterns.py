"""Numbers and addresses in running text that identify by their shape or by the word before them.

The shapes are data: `patterns.toml` beside this file, which says how they are written.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PATTERNS = Path(__file__).with_name("patterns.toml")
WHAT_IDENTIFIES = "v"


class Pattern(NamedTuple):
    """One shape: what it is in words, the label of what it finds, and the shape itself."""

    what: str
    label: str
    regex: re.Pattern[str]


@cache
def patterns() -> tuple[Pattern, ...]:
    """All shapes, read once."""
    raw = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))
    lists = {f"{{{name}}}": _any_of(words) for name, words in raw["words"].items()}
    return tuple(_compiled(pattern, lists) for pattern in raw["pattern"])


def numbers_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and label of everything a pattern finds; overlaps are left to the caller.

    >>> [label for *_, label in numbers_in("MRN: 4711-08, call (617) 555-0100")]
    ['CONTACT', 'ID']
    """
    for pattern in patterns():
        group = WHAT_IDENTIFIES if WHAT_IDENTIFIES in pattern.regex.groupindex else 0
        for match in pattern.regex.finditer(text):
            yield (*match.span(group), pattern.label)


def _any_of(words: str) -> str:
    choices = [word.strip() for word in words.split(",")]
    return f"(?:{'|'.join(choices)})"


def _compiled(pattern: dict[str, str], lists: dict[str, str]) -> Pattern:
    regex = pattern["regex"]
    for name, choices in lists.items():
        regex = regex.replace(name, choices)
    flags = re.IGNORECASE if pattern.get("ignore_case") else re.NOFLAG
    return Pattern(pattern["what"], pattern["label"], re.compile(regex, flags))
