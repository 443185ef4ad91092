"""Codes as integers, with a home for codes that training never saw.

A code is `KIND//system//value`. One that is too rare to learn from is counted with its parent:
an ICD code's category (its first three characters), then everything before the last `//`, up to
the bare kind. The same ladder is climbed at serving, so that a code unseen in training means
what its rare siblings meant. Id 0 is padding, 1 is a code of which not even the kind is known.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PADDING, UNKNOWN = 0, 1
RESERVED = ("<padding>", "<unknown>")
ICD_CATEGORY = 3  # E11 of E11.65; the stem that ICD-9 and ICD-10 share
SEPARATOR = "//"


def parents(code: str) -> list[str]:
    """Ever wider groups that the code belongs to, nearest first.

    >>> parents("DIAGNOSIS//icd-10-cm//E11.65")
    ['DIAGNOSIS//icd-10-cm//E11', 'DIAGNOSIS//icd-10-cm', 'DIAGNOSIS']
    """
    found: list[str] = []
    head, separator, tail = code.rpartition(SEPARATOR)
    if separator and "icd" in head.lower() and len(tail) > ICD_CATEGORY:
        found.append(f"{head}{SEPARATOR}{tail[:ICD_CATEGORY]}")
    while separator:
        found.append(head)
        head, separator, _ = head.rpartition(SEPARATOR)
    return found


@dataclass(frozen=True)
class Vocabulary:
    """Known codes in the order of their ids; `RESERVED` come first.

    Attributes:
        codes: Position is id.
    """

    codes: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {code: index for index, code in enumerate(self.codes)})

    @classmethod
    def learn(cls, counts: Mapping[str, int], at_least: int) -> "Vocabulary":
        """A vocabulary of every code, or parent of rarer codes, seen `at_least` times."""
        by_depth: dict[int, Counter[str]] = defaultdict(Counter)
        for code, count in counts.items():
            by_depth[len(parents(code))][code] += count
        kept = set()
        for depth in range(max(by_depth, default=-1), -1, -1):
            common = {code for code, count in by_depth[depth].items() if count >= at_least}
            kept |= common
            for rare in by_depth[depth].keys() - common if depth else ():
                by_depth[depth - 1][parents(rare)[0]] += by_depth[depth][rare]
        return cls((*RESERVED, *sorted(kept)))

    def __len__(self) -> int:
        return len(self.codes)

    def id_of(self, code: str) -> int:
        """The id of the code, or of its nearest known parent, or `UNKNOWN`."""
        known = self._ids.get(code)
        if known is not None:
            return known
        return next((self._ids[p] for p in parents(code) if p in self._ids), UNKNOWN)

    def ids_of(self, codes: Iterable[str]) -> list[int]:
        """`id_of` each code."""
        return [self.id_of(code) for code in codes]
