"""Scrub a clinical note: names, numbers and places become `[NAME]`, `[ID]`, …; dates are moved.

Scrubbed text is meant for models inside the site, by its own choice. It is not Safe Harbor: no
scrubber finds everything. docs/decisions/0004 says what is found and what is not.
"""

from collections.abc import Iterator
from typing import NamedTuple

from privacy.notes.dates import dates_in
from privacy.notes.known_names import KnownNames
from privacy.notes.names import names_in
from privacy.notes.patterns import numbers_in
from privacy.notes.text import Words


class Span(NamedTuple):
    """Something found in a note: where, of what kind, and what is written instead."""

    start: int
    end: int
    label: str
    instead: str


class ScrubResult(NamedTuple):
    """A scrubbed note, and what was found in the original, in order and without overlaps."""

    text: str
    spans: tuple[Span, ...]


def scrub(text: str, known: KnownNames, days: int) -> ScrubResult:
    """The note without what identifies people, its dates moved by `days`.

    >>> scrub("Mrs. Jane Doe, MRN 4711-08, seen 3/5/2024.", KnownNames(), -7).text
    'Mrs. [NAME], MRN [ID], seen 2024-02-27.'

    Args:
        text: The note, without markup.
        known: Names that its batch carries.
        days: Shift of its patient.
    """
    spans = tuple(_apart(sorted(_found(text, known, days))))
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], span.instead]
        end = span.end
    return ScrubResult("".join((*pieces, text[end:])), spans)


def _found(text: str, known: KnownNames, days: int) -> Iterator[Span]:
    for start, end, instead in dates_in(text, days):
        yield Span(start, end, "DATE", instead)
    for start, end, label in numbers_in(text):
        yield Span(start, end, label, f"[{label}]")
    for start, end, label in names_in(Words.of(text), known):
        yield Span(start, end, label, f"[{label}]")


def _apart(spans: list[Span]) -> Iterator[Span]:
    """Spans that overlap made one: the longer says what it is, and nothing of either stays."""
    current: Span | None = None
    for span in spans:
        if current is None or span.start >= current.end:
            if current is not None:
                yield current
            current = span
        else:
            current = _joined(current, span)
    if current is not None:
        yield current


def _joined(first: Span, second: Span) -> Span:
    if second.end <= first.end and (first.start, first.end) != (second.start, second.end):
        return first
    is_longer = second.end - second.start > first.end - first.start
    label = second.label if is_longer else first.label
    same = (first.start, first.end) == (second.start, second.end)
    if same:
        return first if first.label == "DATE" else second
    instead = second.instead if is_longer and second.start == first.start else f"[{label}]"
    return Span(first.start, max(first.end, second.end), label, instead)
