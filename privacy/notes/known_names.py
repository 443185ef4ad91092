"""Names that the batch itself carries: the surest way to find names in its notes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from privacy.leaks.identifiers import Identifiers
from privacy.notes.signs import CREDENTIALS, TITLES
from privacy.notes.text import Phrases, folded_words
from privacy.notes.words import common_words, nicknames

SHORTEST_NUMBER, SHORTEST_NAME = 5, 2


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What a batch knows about the people and places that its notes may name.

    Attributes:
        names: Folded words of names that are no common words; names wherever they stand.
        common: Folded words of names that are words too (Long, Rose); names beside others only.
        numbers: Identifiers, phones and street lines.
        places: Organisations and cities.
    """

    names: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    numbers: Phrases = field(default_factory=Phrases)
    places: Phrases = field(default_factory=Phrases)

    @classmethod
    def of(cls, found: Identifiers) -> Self:
        """The names of a batch, with the nicknames that go with them."""
        words = {w for person in found.people | found.displayed for w in _name_words(person)}
        words |= {nick for word in words for nick in nicknames().get(word, ())}
        ambiguous = words & common_words()
        return cls(
            names=frozenset(words - ambiguous),
            common=frozenset(ambiguous),
            numbers=Phrases(_number(text) for text in found.numbers | found.lines),
            places=Phrases(_place(text) for text in found.places | found.cities),
        )


def _name_words(person: Iterable[str]) -> Iterator[str]:
    for word in folded_words(" ".join(person)):
        if len(word) >= SHORTEST_NAME and word not in TITLES and word not in CREDENTIALS:
            yield word


def _number(text: str) -> tuple[str, ...]:
    """The words of a number; none when it is too short to be looked for."""
    words = folded_words(text)
    joined = "".join(words)
    is_telling = "@" in text or any(letter.isdigit() for letter in joined)
    return words if is_telling and len(joined) >= SHORTEST_NUMBER else ()


def _place(text: str) -> tuple[str, ...]:
    words = folded_words(text)
    return words if len("".join(words)) > SHORTEST_NAME else ()
