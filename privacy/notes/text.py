"""Words of a text, folded so that case and accents do not matter, and phrases among them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

TOKEN = re.compile(r"[^\W_]+")
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
BESIDE = re.compile(rf"[ \t]?[.{APOSTROPHES}-]?[ \t]{{0,2}}|,? ")
SENTENCE = re.compile(r"(?:^|[.!?:;•\n\r\t*-][\s\"'(•*-]*|[\r\n]\s*)$")
LOOK_BACK = 6  # characters read to see whether a sentence starts


@dataclass(slots=True)
class Words:
    """The words of a text, in order.

    Attributes:
        text: The text.
        places: Start and end of each word.
        written: Each word as written.
        folded: Each word in lower case without accents.

    """

    text: str
    places: list[tuple[int, int]]
    written: list[str]
    folded: list[str]

    @classmethod
    def of(cls, text: str) -> "Words":
        """The words of `text`, read once from left to right."""
        matches = list(TOKEN.finditer(text))
        written = [match[0] for match in matches]
        return cls(text, [match.span() for match in matches], written, [fold(w) for w in written])

    def gap(self, index: int) -> str:
        """What stands between word `index` and the one after it; empty after the last."""
        if index < 0 or index + 1 >= len(self.places):
            return ""
        return self.text[self.places[index][1] : self.places[index + 1][0]]

    def at(self, index: int) -> str:
        """Word `index`, folded; empty outside the text."""
        return self.folded[index] if 0 <= index < len(self.folded) else ""

    def is_capital(self, index: int) -> bool:
        """True for a word written with a capital first letter."""
        return 0 <= index < len(self.written) and self.written[index][0].isupper()

    def is_beside(self, index: int) -> bool:
        """True when word `index` and the next one may be parts of one name."""
        return index + 1 < len(self.written) and BESIDE.fullmatch(self.gap(index)) is not None

    def starts_sentence(self, index: int) -> bool:
        """True for the first word of a sentence, a line or an item of a list."""
        start = self.places[index][0]
        before = self.text[max(0, start - LOOK_BACK) : start]
        return start == 0 or SENTENCE.search(before) is not None


class Phrases:
    """Sequences of folded words, found at a place in a time that does not grow with their count."""

    def __init__(self, phrases: Iterable[Sequence[str]] = ()) -> None:
        self._phrases = {tuple(phrase) for phrase in phrases if phrase}
        self._lengths: dict[str, set[int]] = {}
        for phrase in self._phrases:
            self._lengths.setdefault(phrase[0], set()).add(len(phrase))

    def ends(self, words: Sequence[str], index: int) -> Iterator[int]:
        """Where each phrase ends that begins at word `index`.

        >>> list(Phrases([("new", "york"), ("new",)]).ends(["in", "new", "york"], 1))
        [2, 3]
        """
        for length in sorted(self._lengths.get(words[index], ())):
            if tuple(words[index : index + length]) in self._phrases:
                yield index + length

    def begins(self, words: Sequence[str], index: int) -> bool:
        """True when a phrase begins at word `index`."""
        return words[index] in self._lengths and any(True for _ in self.ends(words, index))


def fold(text: str) -> str:
    """Lower case without accents, so that Ána, ANA and ana are one.

    >>> fold("Ána")
    'ana'
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def folded_words(text: str) -> tuple[str, ...]:
    """The folded words of a text, without their places."""
    return tuple(fold(word) for word in TOKEN.findall(text))
