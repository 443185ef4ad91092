"""Words of a text, folded so that case and accents do not matter."""

import re
import unicodedata
from dataclasses import dataclass

TOKEN = re.compile(r"[^\W_]+")


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

    def is_capital(self, index: int) -> bool:
        """True for a word written with a capital first letter."""
        return 0 <= index < len(self.written) and self.written[index][0].isupper()


def fold(text: str) -> str:
    """Lower case without accents, so that Ána, ANA and ana are one.

    >>> fold("Ána")
    'ana'
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
