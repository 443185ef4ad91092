"""Text that knows where its identifiers stand, because it was built out of them.

A template is a sentence with `{facts}`. A fact is a piece of text and its label, or no label when
it is harmless; writing the fact down writes down its span.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from string import Formatter
from typing import NamedTuple

ALTERNATIVES = re.compile(r"\[([^\[\]]+)\]")


class Fact(NamedTuple):
    """A piece of text; `label` is NAME, DATE, AGE90, GEO, CONTACT, ID, PROVIDER, ORG or None."""

    text: str
    label: str | None = None


Facts = Mapping[str, Fact]


@dataclass(slots=True)
class Marked:
    """Text with the spans of its identifiers, as (start, end, label) in characters."""

    text: str = ""
    spans: list[tuple[int, int, str]] = field(default_factory=list)


@lru_cache(maxsize=4096)
def pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """(literal, name of the fact that follows it) in order."""
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(template))


def render(template: str, facts: Facts) -> Marked:
    """The template with its facts written in.

    >>> render("Seen by Dr. {doctor}.", {"doctor": Fact("Ann Lee", "PROVIDER")}).spans
    [(12, 19, 'PROVIDER')]
    """
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = 0
    for literal, name in pieces(template):
        parts.append(literal)
        length += len(literal)
        if name is None:
            continue
        text, label = facts[name]
        if label is not None:
            spans.append((length, length + len(text), label))
        parts.append(text)
        length += len(text)
    return Marked("".join(parts), spans)


def varied(rng: Random, template: str) -> str:
    """The template with one of each `[a|b]` chosen.

    >>> varied(Random(1), "He [is|was] here.") in {"He is here.", "He was here."}
    True
    """

    def chosen(found: re.Match[str]) -> str:
        options = found[1].split("|")
        return options[int(rng.random() * len(options))]

    return ALTERNATIVES.sub(chosen, template)


def joined(parts: Iterable[Marked], separator: str) -> Marked:
    """All parts in a row, their spans moved to where they now stand."""
    whole = Marked()
    texts: list[str] = []
    start = 0
    for part in parts:
        texts.append(part.text)
        whole.spans += [(start + a, start + b, label) for a, b, label in part.spans]
        start += len(part.text) + len(separator)
    whole.text = separator.join(texts)
    return whole
