"""Names that the batch itself carries: the surest way to find names in its notes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from privacy.leaks.identifiers import Identifiers
from privacy.notes.text import TOKEN, fold
from privacy.notes.words import common_words

SHORTEST_NUMBER, SHORTEST_NAME = 5, 2
TITLES = frozenset("mr mrs ms miss dr prof sir md do rn np pa phd jr sr ii iii iv".split())
NICKNAMES = {
    "elizabeth": "liz beth betty lizzie eliza",
    "william": "bill will billy willy liam",
    "robert": "bob rob bobby robbie",
    "richard": "rick dick rich ricky",
    "margaret": "maggie meg peggy marge",
    "katherine": "kate kathy katie kat",
    "catherine": "cathy cate kate katie",
    "james": "jim jimmy jamie",
    "john": "jack johnny jon",
    "michael": "mike mikey mick",
    "thomas": "tom tommy",
    "joseph": "joe joey",
    "charles": "charlie chuck chas",
    "edward": "ed eddie ted ned",
    "patricia": "pat patty tricia trish",
    "jennifer": "jen jenny",
    "christopher": "chris topher",
    "daniel": "dan danny",
    "matthew": "matt",
    "anthony": "tony",
    "steven": "steve",
    "stephen": "steve",
    "andrew": "andy drew",
    "samuel": "sam sammy",
    "samantha": "sam",
    "benjamin": "ben benny",
    "alexander": "alex xander",
    "nicholas": "nick nicky",
    "theodore": "ted teddy theo",
    "deborah": "deb debbie",
    "susan": "sue susie",
    "rebecca": "becky becca",
    "barbara": "barb",
    "dorothy": "dot dottie",
    "kimberly": "kim",
    "timothy": "tim timmy",
    "gregory": "greg",
    "lawrence": "larry",
    "francisco": "paco pancho",
    "jose": "pepe",
    "guadalupe": "lupe",
}


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What a batch knows about the people and places that its notes may name.

    Attributes:
        names: Folded words of names that are no common words; each is a name wherever it stands.
        common: Folded words of names that are words too (Long, Rose); names beside other names only.
        numbers: Folded word sequences of identifiers, phones and street lines, by first word.
        places: Folded word sequences of organisations and cities, by first word.
    """

    names: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    numbers: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    places: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Identifiers) -> Self:
        """The names of a batch, with the nicknames that go with them."""
        words = {w for person in found.people for w in _name_words(person)}
        words |= {nick for word in words for nick in NICKNAMES.get(word, "").split()}
        ambiguous = words & common_words()
        numbers = (probe for text in found.numbers | found.lines if (probe := _number(text)))
        places = (_sequence(text) for text in found.places | found.cities)
        return cls(
            names=frozenset(words - ambiguous),
            common=frozenset(ambiguous),
            numbers=_by_first(numbers),
            places=_by_first(place for place in places if len("".join(place)) > SHORTEST_NAME),
        )


def _name_words(person: Iterable[str]) -> Iterator[str]:
    for word in _sequence(" ".join(person)):
        if len(word) >= SHORTEST_NAME and word not in TITLES:
            yield word


def _number(text: str) -> tuple[str, ...] | None:
    words = _sequence(text)
    joined = "".join(words)
    has_digit = any(letter.isdigit() for letter in joined)
    return words if has_digit and len(joined) >= SHORTEST_NUMBER else None


def _sequence(text: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in TOKEN.findall(text))


def _by_first(sequences: Iterable[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    index: dict[str, list[tuple[str, ...]]] = {}
    for sequence in sequences:
        index.setdefault(sequence[0], []).append(sequence)
    return index
