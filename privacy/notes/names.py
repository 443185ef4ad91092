"""Names of people in running text: by the batch, by the words around, by dictionary.

One pass over the words from left to right; every question asked looks at most a few words away, so
the time is linear in the length of the note.
"""

import re
from collections.abc import Iterator

from privacy.notes.institutions import institution_at
from privacy.notes.known_names import KnownNames
from privacy.notes.signs import (
    CREDENTIALS,
    DIRECTIONS,
    FACILITIES,
    LABELS,
    NO_NAMES,
    PARTICLES,
    RELATIVES,
    SPEECH,
    SUBJECTS,
    TITLES,
)
from privacy.notes.text import APOSTROPHES, Words
from privacy.notes.words import common_words, given_names, surnames

LONGEST_NAME, SHORTEST_NAME, LONGEST_GAP = 4, 3, 2
INITIALS = 2  # a full stop after more letters ends a sentence
ABBREVIATION = 6  # letters; longer words in capitals are shouted, not abbreviated
WEAK_SPEECH = frozenset({"is", "was", "and"})  # follow anything that begins a sentence
TITLED = re.compile(r"\.?[ \t]{1,2}")
RELATED = re.compile(r",?[ \t(]{1,2}")
LABELLED = re.compile(r"[ \t]{0,3}[:#][ \t]{0,12}")
CREDENTIALLED = re.compile(r",?[ \t]{1,2}")
PART = re.compile(rf"[ \t]?[.,{APOSTROPHES}-]?[ \t]{{0,2}}")
VOWEL = re.compile(r"[aeiouy]|[^a-z]")  # a word without one is an abbreviation
MIXED_CASE = re.compile(r"(?:Mc|Mac|De|La|Di|O)[A-Z][a-z]+")

Found = tuple[int, int, str]  # start and end in the text, and the label


def names_in(words: Words, known: KnownNames) -> Iterator[Found]:
    """Start, end and label of every name and institution; overlaps are left to the caller."""
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

    def at(self, index: int) -> Iterator[Found]:
        """The names for which word `index` is the sign or the beginning."""
        word = self._words.folded[index]
        yield from self._phrases(index)
        if word in self._known.names or self._is_known_beside(index, word):
            yield self._span(index, index + 1)
        elif word in TITLES or word in RELATIVES or word in LABELS:
            yield from self._after_sign(index, word)
        if place := institution_at(self._words, index):
            yield self._span(*place)
        if not self._words.is_capital(index) or word in FACILITIES or word in DIRECTIONS:
            return
        if word in CREDENTIALS:
            yield from self._before_credential(index)
        elif self._is_name(index, word):
            yield from self._run(index, index + LONGEST_NAME, loose=False)

    def _span(self, first: int, end: int, label: str = "NAME") -> Found:
        return self._words.places[first][0], self._words.places[end - 1][1], label

    def _phrases(self, index: int) -> Iterator[Found]:
        """Numbers and places that the batch carries."""
        for end in self._known.numbers.ends(self._words.folded, index):
            yield self._span(index, end, "ID")
        if self._words.is_capital(index):
            for end in self._known.places.ends(self._words.folded, index):
                yield self._span(index, end, "GEO")

    def _is_known_beside(self, index: int, word: str) -> bool:
        """A known name that is a word too, with a sign before it or another name beside it."""
        if word not in self._known.common:
            return False
        before = self._words.at(index - 1)
        if before in TITLES | SUBJECTS and len(self._words.gap(index - 1)) <= LONGEST_GAP:
            return True
        if before in self._known.names and self._words.is_beside(index - 1):
            return True
        return self._words.at(index + 1) in self._known.names and self._words.is_beside(index)

    def _is_name(self, index: int, word: str) -> bool:
        """True for a capital word that the batch, a dictionary or its strangeness makes a name."""
        if word in self._known.names:
            return True
        if word in NO_NAMES or len(word) < SHORTEST_NAME:
            return False
        is_listed = word in self._given or word in self._surnames
        if word in self._common:
            may_be = is_listed or word in self._known.common
            return may_be and self._is_common_name(index, word)
        return is_listed or self._is_strange(index, word)

    def _is_common_name(self, index: int, word: str) -> bool:
        """A word that is a name too (Rose, Long) needs company, or a verb of speech after it."""
        after = self._words.at(index + 1)
        if self._words.is_beside(index) and self._words.is_capital(index + 1):
            if after in self._known.names or after in self._known.common:
                return True
            if after in self._surnames and after not in self._common:
                return True
        if word not in self._known.common:
            return False
        return after in SPEECH or not self._words.starts_sentence(index)

    def _is_strange(self, index: int, word: str) -> bool:
        """A capital word in no dictionary, inside a sentence: more likely a name than not."""
        written = self._words.written[index]
        if not word.isalpha() or (written.isupper() and len(written) <= ABBREVIATION):
            return False
        if not written[1:].islower() and not written.isupper():
            return MIXED_CASE.fullmatch(written) is not None
        if self._words.gap(index).lstrip(" ").startswith(":"):
            return False
        if word.removesuffix("s") in self._common or not VOWEL.search(word):
            return False
        says = self._words.at(index + 1) in SPEECH - WEAK_SPEECH
        return says or not self._words.starts_sentence(index)

    def _run(self, first: int, limit: int, *, loose: bool) -> Iterator[Found]:
        """The name that begins at `first`: it and the capital words beside it."""
        end = first + 1
        while end < limit:
            particles = self._particles(end)
            is_loose = loose or particles > 0
            if not self._belongs(end + particles, loose=is_loose):
                break
            end += 1 + particles
        yield self._span(first, end)

    def _particles(self, index: int) -> int:
        """How many particles (`van der`) stand at `index` before a capital word, at most two."""
        count = 0
        while count < LONGEST_GAP and self._words.at(index + count) in PARTICLES:
            count += 1
        return count if self._words.is_capital(index + count) else 0

    def _belongs(self, index: int, *, loose: bool) -> bool:
        """True for a capital word that goes on with the name before it."""
        word, gap = self._words.at(index), self._words.gap(index - 1)
        if not self._words.is_capital(index) or not self._words.is_beside(index - 1):
            return False
        if "." in gap and len(self._words.written[index - 1]) > INITIALS:
            return False
        if word == "s" and gap in APOSTROPHES:
            return False
        if any(word in signs for signs in (CREDENTIALS, LABELS, NO_NAMES, FACILITIES)):
            return False
        if gap.startswith(","):
            return word in self._known.names or word in self._given
        is_listed = word in self._surnames or word in self._given
        return loose or is_listed or len(word) == 1 or word not in self._common

    def _after_sign(self, index: int, word: str) -> Iterator[Found]:
        """The name after a title, a relative or a label."""
        gap, first = self._words.gap(index), index + 1
        if word in TITLES and self._particles(first) and TITLED.fullmatch(gap):
            yield from self._run(first, first + LONGEST_NAME, loose=True)
        if not self._words.is_capital(first) or self._words.at(first) in NO_NAMES:
            return
        is_common = self._words.at(first) in self._common
        is_person = not is_common or word not in {"nurse", "doctor"}
        if word in TITLES and is_person and TITLED.fullmatch(gap):
            yield from self._run(first, first + 3, loose=not is_common)
        elif word in RELATIVES and RELATED.fullmatch(gap) and not is_common:
            yield from self._run(first, first + 3, loose=False)
        elif LABELLED.fullmatch(gap) and self._words.at(first) not in TITLES | LABELS:
            yield from self._labelled(first)

    def _labelled(self, first: int) -> Iterator[Found]:
        """What a label names: `Last, First M` or `First Last`, at least two words."""
        end = first + 1
        while end < first + LONGEST_NAME and self._goes_on(end):
            end += 1
        is_common = all(word in self._common for word in self._words.folded[first:end])
        if end - first > 1 or not is_common:
            yield self._span(first, end)

    def _goes_on(self, index: int) -> bool:
        is_part = self._words.is_capital(index) and PART.fullmatch(self._words.gap(index - 1))
        return bool(is_part) and self._words.at(index) not in CREDENTIALS | LABELS

    def _before_credential(self, index: int) -> Iterator[Found]:
        """The one to three capital words before `, MD`; it must be written in capitals."""
        is_shouted = self._words.written[index][:2].isupper()
        if not is_shouted or not CREDENTIALLED.fullmatch(self._words.gap(index - 1)):
            return
        first = index
        while first > max(0, index - 3) and self._is_part_before(first - 1, is_last=first == index):
            first -= 1
        if first < index:
            yield self._span(first, index)

    def _is_part_before(self, index: int, *, is_last: bool) -> bool:
        word = self._words.folded[index]
        if not self._words.is_capital(index) or word in LABELS or word in CREDENTIALS:
            return False
        return is_last or PART.fullmatch(self._words.gap(index)) is not None
