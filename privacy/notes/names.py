"""Names of people and places in running text: by the batch, by the words around, by dictionary.

One pass over the words from left to right; every question asked looks at most four words away, so
the time is linear in the length of the note.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from privacy.notes.known_names import KnownNames
from privacy.notes.text import Words
from privacy.notes.words import common_words, given_names, surnames

SIGNS = tomllib.loads(Path(__file__).with_name("signs.toml").read_text(encoding="utf-8"))
TITLES = frozenset(SIGNS["titles"].split())
CREDENTIALS = frozenset(SIGNS["credentials"].split())
RELATIVES = frozenset(SIGNS["relatives"].split())
LABELS = frozenset(SIGNS["labels"].split())
SPEECH = frozenset(SIGNS["speech"].split())
FACILITIES = frozenset(SIGNS["facilities"].split())
FACILITY_NAMES = frozenset(SIGNS["facility_names"].split())
NO_NAMES = frozenset(SIGNS["no_names"].split())
PARTICLES = frozenset(SIGNS["particles"].split())
EMPLOYED = frozenset(SIGNS["employed"].split())
WORKS = frozenset(SIGNS["works"].split())
SUBJECTS = frozenset(SIGNS["subjects"].split())
DIRECTIONS = frozenset(SIGNS["directions"].split())
HOSPITALS = frozenset(SIGNS["hospitals"].split())
LONGEST_NAME, SHORTEST = 4, 3
INITIALS = 2  # a full stop after more letters ends a sentence
ABBREVIATION = 6  # letters; longer words in capitals are shouted, not abbreviated
BESIDE = re.compile(r"[ \t]?[.'\u2019-]?[ \t]{0,2}|,? ")  # what stands between the parts of one name
LABEL_GAP = re.compile(r"[ \t]{0,3}[:#][ \t]{0,12}")
SENTENCE = re.compile(r"(?:^|[.!?:;•\n\r\t*-][\s\"'(•*-]*|[\r\n]\s*)$")
ACROSS_LINES = re.compile(r"[\n\r]")


def names_in(words: Words, known: KnownNames) -> Iterator[tuple[int, int, str]]:
    """Start, end and label of every name; overlaps are left to the caller."""
    finder = _Finder(words, known)
    for index in range(len(words.written)):
        yield from finder.at(index)


class _Finder:
    """Answers, for one word after the other, whether a name begins there."""

    def __init__(self, words: Words, known: KnownNames) -> None:
        self._words = words
        self._known = known
        self._common = common_words()
        self._given = given_names()
        self._surnames = surnames()

    def at(self, index: int) -> Iterator[tuple[int, int, str]]:
        """The names for which word `index` is the sign or the beginning."""
        word = self._words.folded[index]
        yield from self._sequences(index, word)
        if word in self._known.names or (
            word in self._known.common and self._is_beside_sign(index)
        ):
            yield self._span(index, index + 1, "NAME")
        elif word in EMPLOYED and self._words.folded[index - 1] in WORKS:
            yield from self._employer(index)
        elif word in TITLES or word in RELATIVES or word in LABELS:
            yield from self._after_sign(index, word)
        if not self._words.is_capital(index):
            return
        if word in CREDENTIALS:
            yield from self._before_credential(index)
        elif word in FACILITIES:
            yield from self._facility(index)
        elif word in HOSPITALS and self._words.written[index].isupper():
            yield self._span(index, index + 1, "ORG")
        elif word in DIRECTIONS:
            yield from self._after_direction(index)
        elif self._is_name(index, word):
            yield from self._run(index, index + LONGEST_NAME, loose=False)

    def _is_beside_sign(self, index: int) -> bool:
        """True when the word before says that a person follows, or either neighbour is a name."""
        if (
            index
            and self._words.folded[index - 1] in TITLES | SUBJECTS
            and len(self._words.gap(index - 1)) < 3
        ):
            return True
        beside = (
            index - 1 if self._beside(index - 1) else -1,
            index + 1 if self._beside(index) else -1,
        )
        return any(i >= 0 and self._words.folded[i] in self._known.names for i in beside)

    def _employer(self, index: int) -> Iterator[tuple[int, int, str]]:
        """The capital words after `works at`."""
        first = end = index + 1
        while end < min(first + 5, len(self._words.written)) and self._words.is_capital(end):
            if ACROSS_LINES.search(self._words.gap(end - 1)) or len(self._words.gap(end - 1)) > 3:
                break
            end += 1
        if end > first:
            yield self._span(first, end, "ORG")

    def _after_direction(self, index: int) -> Iterator[tuple[int, int, str]]:
        """A town or a saint: `New Haven`, `Port Kelly`, `St. Mary`."""
        after = index + 1
        if not self._words.is_capital(after) or not self._beside(index):
            return
        word = self._words.folded[after]
        is_name = word in self._given or word in self._surnames or word not in self._common
        if is_name and word not in NO_NAMES and not self._words.written[after].isupper():
            yield self._span(index, after + 1, "GEO")

    def _span(self, first: int, end: int, label: str) -> tuple[int, int, str]:
        return self._words.places[first][0], self._words.places[end - 1][1], label

    def _sequences(self, index: int, word: str) -> Iterator[tuple[int, int, str]]:
        for label, table in (("ID", self._known.numbers), ("GEO", self._known.places)):
            for sequence in table.get(word, ()):
                end = index + len(sequence)
                if tuple(self._words.folded[index:end]) == sequence and self._may_be(label, index):
                    yield self._span(index, end, label)

    def _may_be(self, label: str, index: int) -> bool:
        return label == "ID" or self._words.is_capital(index)

    def _is_name(self, index: int, word: str) -> bool:
        """True for a capital word that the batch, a dictionary or its strangeness makes a name."""
        if word in NO_NAMES or len(word) < SHORTEST and word not in self._known.names:
            return False
        if word in self._known.names:
            return True
        is_listed = word in self._given or word in self._surnames
        if word in self._common:
            return self._is_common_name(
                index, word, is_listed=is_listed or word in self._known.common
            )
        return is_listed or self._is_strange(index, word)

    def _is_common_name(self, index: int, word: str, *, is_listed: bool) -> bool:
        """A word that is a name too (Rose, Long) needs company, or a verb of speech after it."""
        if not is_listed:
            return False
        beside = self._beside(index) and self._words.is_capital(index + 1)
        after = self._words.folded[index + 1] if index + 1 < len(self._words.folded) else ""
        if beside and (after in self._known.names or after in self._known.common):
            return True
        if beside and after in self._surnames and after not in self._common:
            return True
        return word in self._known.common and (after in SPEECH or not self._starts_sentence(index))

    def _is_strange(self, index: int, word: str) -> bool:
        """A capital word in no dictionary, inside a sentence: more likely a name than not."""
        written = self._words.written[index]
        if not word.isalpha() or (written.isupper() and len(written) <= ABBREVIATION):
            return False
        if not written[1:].islower() and not written.isupper():
            return written[:2] in {"Mc", "De", "La", "Di"} and written[2:].isalpha()
        if self._words.gap(index).lstrip(" ").startswith(":") or _singular(word) in self._common:
            return False
        return not self._starts_sentence(index) or self._follows(index)

    def _follows(self, index: int) -> bool:
        after = self._words.folded[index + 1] if index + 1 < len(self._words.folded) else ""
        return after in SPEECH - {"is", "was", "and"}

    def _starts_sentence(self, index: int) -> bool:
        start = self._words.places[index][0]
        return (
            SENTENCE.search(self._words.text[max(0, start - 6) : start]) is not None or start == 0
        )

    def _beside(self, index: int) -> bool:
        """True when word `index` and the next one may be parts of one name."""
        return bool(BESIDE.fullmatch(self._words.gap(index))) and index + 1 < len(
            self._words.written
        )

    def _run(self, first: int, limit: int, *, loose: bool) -> Iterator[tuple[int, int, str]]:
        """The name that begins at `first`: it and the capital words beside it."""
        end = first + 1
        while end < min(limit, len(self._words.written)):
            step = self._particles(end)
            if not self._belongs(end + step, loose=loose or step > 0):
                break
            end += 1 + step
        yield self._span(first, end, "NAME")

    def _particles(self, index: int) -> int:
        """How many particles (`van der`) stand at `index`, at most two, inside a name."""
        count = 0
        while count < 2 and index + count < len(self._words.folded):
            if self._words.folded[index + count] not in PARTICLES:
                break
            count += 1
        is_inside = index + count < len(self._words.folded) and self._words.is_capital(
            index + count
        )
        return count if is_inside else 0

    def _belongs(self, index: int, *, loose: bool) -> bool:
        if index >= len(self._words.folded):
            return False
        word = self._words.folded[index]
        if not self._beside(index - 1) or not self._words.is_capital(index):
            return False
        if "." in self._words.gap(index - 1) and len(self._words.written[index - 1]) > INITIALS:
            return False
        if word in CREDENTIALS or word in LABELS or word in NO_NAMES or word in FACILITIES:
            return False
        if len(word) == 1:
            return True
        if self._words.gap(index - 1).startswith(","):
            return word in self._known.names or word in self._given
        return loose or word not in self._common or word in self._surnames or word in self._given

    def _after_sign(self, index: int, word: str) -> Iterator[tuple[int, int, str]]:
        """The name after a title, a relative or a label."""
        gap, first = self._words.gap(index), index + 1
        if word in TITLES and first < len(self._words.folded):
            if self._words.folded[first] in self._known.common and not ACROSS_LINES.search(gap):
                yield self._span(first, first + 1, "NAME")
        if not self._words.is_capital(first) or self._words.folded[first] in NO_NAMES:
            return
        is_common = self._words.folded[first] in self._common
        if word in TITLES and re.fullmatch(r"\.?[ \t]{1,2}", gap):
            if word not in {"nurse", "doctor"} or not is_common:
                yield from self._run(first, first + 3, loose=not is_common)
        elif word in RELATIVES and re.fullmatch(r",?[ \t(]{1,2}", gap) and not is_common:
            yield from self._run(first, first + 3, loose=False)
        elif LABEL_GAP.fullmatch(gap) and self._words.folded[first] not in TITLES | LABELS:
            yield from self._labelled(first)

    def _labelled(self, first: int) -> Iterator[tuple[int, int, str]]:
        """What a label names: `Last, First M` or `First Last`, at least two words."""
        end = first + 1
        while end < min(first + LONGEST_NAME, len(self._words.written)):
            gap = self._words.gap(end - 1)
            is_part = self._words.is_capital(end) and re.fullmatch(r"[ \t]?[.,'\u2019-]?[ \t]?", gap)
            if not is_part or self._words.folded[end] in CREDENTIALS | LABELS:
                break
            end += 1
        is_common = all(word in self._common for word in self._words.folded[first:end])
        if end - first > 1 or not is_common:
            yield self._span(first, end, "NAME")

    def _before_credential(self, index: int) -> Iterator[tuple[int, int, str]]:
        """The one to three capital words before `, MD`; it must be written in capitals."""
        gap = self._words.gap(index - 1)
        if not re.fullmatch(r",?[ \t]{1,2}", gap) or not self._words.written[index][:2].isupper():
            return
        first = index
        while first > max(0, index - 3) and self._is_part_before(first - 1, is_last=first == index):
            first -= 1
        if first < index:
            yield self._span(first, index, "NAME")

    def _is_part_before(self, index: int, *, is_last: bool) -> bool:
        word = self._words.folded[index]
        if not self._words.is_capital(index) or word in LABELS or word in CREDENTIALS:
            return False
        return is_last or bool(re.fullmatch(r"[ \t]?[.'\u2019-]?[ \t]{0,2}", self._words.gap(index)))

    def _facility(self, index: int) -> Iterator[tuple[int, int, str]]:
        """A hospital or the like with a name of its own: the capital words before it and after it."""
        first = index
        while first > max(0, index - 5) and self._is_facility_part(first - 1):
            first -= 1
        before = self._words.folded[first:index]
        is_own = any(
            w not in self._common or w in FACILITY_NAMES or w in self._surnames for w in before
        )
        if before and is_own:
            yield self._span(first, index + 1, "ORG")

    def _is_facility_part(self, index: int) -> bool:
        gap = self._words.gap(index)
        if ACROSS_LINES.search(gap) or len(gap) > 2 or not gap.strip(" ").strip(".'\u2019&-") == "":
            return False
        return self._words.is_capital(index) or self._words.folded[index] in {"of", "the", "s"}


def _singular(word: str) -> str:
    return word.removesuffix("s")
