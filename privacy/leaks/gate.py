"""Look for a batch's own identifiers in what is about to be stored of it.

The walker drops by rule; the gate knows no rule and reads what came out. It looks for two things:

- numbers, addresses and ids with a digit and at least six letters or digits, in every text;
- names, in free text alone: a given and a family name side by side, or one name of four letters or
  more that is no common word, written as a name is. Short and common ones (Of, Stage, Long) are
  left to the scrubbing of notes, which sees the words around them.

Codes of listed systems, dates and pseudonyms are not read: a record number may equal a SNOMED code,
and a shifted date may equal somebody's birthday.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from privacy.dates import FHIR_DATE
from privacy.leaks.identifiers import Identifiers
from privacy.notes.text import TOKEN, Phrases, fold, folded_words
from privacy.notes.words import common_words
from privacy.pseudonyms import PSEUDONYM

DIGIT = re.compile(r"\d")
SHORTEST_NUMBER, SHORTEST_NAME = 6, 4
NOTE = "data"
CODED = frozenset({"code", "system"})
OWN = frozenset({"resourceType"})
POINTERS = frozenset({"id", "reference"})
PSEUDONYM_LETTERS = 34


@dataclass(frozen=True, slots=True)
class Leak:
    """Where an identifier of the batch would have gone out, and of what kind it is; never which."""

    path: str
    kind: str


class LeakGate:
    """Reads outgoing resources against the identifiers of their batch."""

    def __init__(self, found: Identifiers) -> None:
        self._numbers = Phrases(_number_probe(text) for text in found.numbers | found.lines)
        self._names = Phrases(_name_probes(found.people))
        self._noted = Phrases(_name_probes(found.people | found.displayed))
        self._is_clean: set[str] = set()

    def leak_in(self, body: Mapping[str, Any]) -> Leak | None:
        """The first identifier of the batch that stands in `body`; None when there is none."""
        found = self._in_object(body)
        if found is None:
            return None
        return Leak(f"{body.get('resourceType', '')}{found.path}", found.kind)

    def _in_object(self, value: Mapping[str, Any]) -> Leak | None:
        is_coded = "system" in value and "code" in value
        if is_coded and len(value) == len(CODED):
            return None
        for key, item in value.items():
            kind = type(item)
            if kind is str:
                if item in self._is_clean or key in OWN or (is_coded and key in CODED):
                    continue
                found = self._in_text(item, key)
            elif kind is dict:
                found = self._in_object(item)
            else:
                found = self._in_list(item) if kind is list else None
            if found is not None:
                return Leak(f".{key}{found.path}", found.kind)
        return None

    def _in_list(self, items: list[Any]) -> Leak | None:
        for position, item in enumerate(items):
            if type(item) is dict:
                found = self._in_object(item)
            else:
                found = self._in_text(item, "") if type(item) is str else None
            if found is not None:
                return Leak(f"[{position}]{found.path}", found.kind)
        return None

    def _in_text(self, text: str, key: str) -> Leak | None:
        if key in POINTERS and text[-PSEUDONYM_LETTERS:].startswith(PSEUDONYM):
            return None
        kind = self.kind_in(_decoded(text) if key == NOTE else text, is_note=key == NOTE)
        if kind is None:
            self._is_clean.add(text)
            return None
        return Leak("", kind)

    def kind_in(self, text: str, *, is_note: bool) -> str | None:
        """What kind of identifier stands in a text; None when there is none."""
        if len(text) < SHORTEST_NAME or FHIR_DATE.fullmatch(text):
            return None
        words = TOKEN.findall(text)
        folded = [fold(word) for word in words]
        if any(self._numbers.begins(folded, place) for place in range(len(folded))):
            return "a number, an address or an id"
        is_free = is_note or " " in text or len(folded) == 1
        names = self._noted if is_note else self._names
        if is_free and any(_is_named(names, words, folded, place) for place in range(len(words))):
            return "a name"
        return None


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "replace")


def _number_probe(text: str) -> tuple[str, ...]:
    """The words of a number; none when it is too short or too common to be looked for."""
    words = folded_words(text)
    is_telling = "@" in text or DIGIT.search(text) is not None
    return words if is_telling and sum(map(len, words)) >= SHORTEST_NUMBER else ()


def _is_named(names: Phrases, words: list[str], folded: list[str], place: int) -> bool:
    return words[place][0].isupper() and names.begins(folded, place)


def _name_probes(people: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """A given and a family name in either order, and each alone if it is long and no word."""
    common = common_words()
    for person in people:
        parts = folded_words(" ".join(person))
        if len(parts) > 1:
            yield parts[0], parts[-1]
            yield parts[-1], parts[0]
        yield from ((part,) for part in parts if len(part) >= SHORTEST_NAME and part not in common)
