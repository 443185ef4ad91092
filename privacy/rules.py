"""What a rule is, and the rules that need neither key nor list.

A rule takes a value as sent and gives what may be stored of it, or None. It never raises for a
value it does not like: what is not understood is dropped. Only a resource as a whole is refused.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self

from privacy.dates import birth_year, shift_text, year_of
from privacy.errors import InvalidDate
from privacy.notes.words import common_words

NUMBERS = frozenset({bool, int, float, Decimal})
LONGEST_CODE, LONGEST_UNIT, LONGEST_TEXT = 64, 32, 200
CODE = re.compile(r"(?!.*[0-9]{6})[A-Za-z0-9][A-Za-z0-9._+:/#;=-]*")
UNIT = re.compile(
    r"[A-Za-z0-9%/*^.\[\]{}()'\"µμ°Ω+_#,-]+( [A-Za-z0-9%/*^.\[\]{}()_-]+){0,3}"
)  # fmt: skip
LONG_WORD = re.compile(r"[A-Za-z]{5,}")
UNIT_DIGITS = 5
TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?")
SAMPLES = re.compile(r"[0-9EUL. +-]+")
COUNTED_URLS = 1000  # so that a sender who invents addresses cannot fill the memory
OTHER_URLS = "(other)"


@dataclass(slots=True)
class Batch:
    """What all resources of one batch share.

    Attributes:
        references: Reference as sent to reference as stored; begins with those already resolved.
        dropped: Extensions dropped, by address.
        today: Year of today, for the ages of the living.
        scrub: Takes a note and the patient's shift; None when notes are dropped.
        enter: Begins the visit of a resource inside another.
        extension: The rule for a list of extensions.
        pseudonyms: Those made already, by resource type and real id.
    """

    references: dict[str, str | None]
    dropped: Counter[str]
    today: int
    scrub: Callable[[str, int], str] | None
    enter: "Callable[[Mapping[str, Any], Visit], Visit]"
    extension: "Rule"
    pseudonyms: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """The state of cleaning one resource.

    Attributes:
        resource: As sent.
        owner: `Type/real-id` of the resource stored; contained ids are bound to it.
        days: Shift of its patient; None outside any patient's records.
        batch: What it shares with the others.
        names: What the pseudonyms met here stand for, `Type/pseudonym` to `Type/real-id`.
    """

    resource: Mapping[str, Any]
    owner: str
    days: int | None
    batch: Batch
    names: dict[str, str] = field(default_factory=dict)

    def inside(self, resource: Mapping[str, Any]) -> Self:
        """A visit of a resource that this one contains; it keeps the patient and the owner."""
        return type(self)(resource, self.owner, self.days, self.batch, self.names)


Rule = Callable[[Any, Visit], Any]


@dataclass
class Refused(Exception):
    """A resource may not be stored at all; `path` grows from the inside out."""

    reason: str
    path: list[str | int] = field(default_factory=list)

    @property
    def expression(self) -> str:
        """The place as FHIRPath, such as `contained[0].modifierExtension[1]`."""
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path[::-1]]
        return "".join(steps)


def drop(_value: Any, _visit: Visit) -> None:
    """Nothing."""


def keep(value: Any, _visit: Visit) -> Any:
    """A number or a truth; text is dropped, whatever the element."""
    return value if type(value) in NUMBERS else None


@lru_cache(maxsize=8192)
def is_code(value: str) -> bool:
    """True for a word of a fixed list: no spaces, no run of digits that could be a record number.

    >>> is_code("in-progress"), is_code("Jane Doe"), is_code("mrn12345678")
    (True, False, False)
    """
    return len(value) <= LONGEST_CODE and CODE.fullmatch(value) is not None


def code(value: Any, _visit: Visit) -> str | None:
    """A word of a fixed list."""
    return value if type(value) is str and len(value) <= LONGEST_CODE and is_code(value) else None


@lru_cache(maxsize=8192)
def is_unit(value: str) -> bool:
    """True for a unit as people write it; its long words must be words, its digits few.

    >>> is_unit("mm[Hg]"), is_unit("breaths/minute"), is_unit("Quuxford"), is_unit("4711-0815")
    (True, True, False, False)
    """
    if len(value) > LONGEST_UNIT or UNIT.fullmatch(value) is None:
        return False
    long_words = (word.lower() for word in LONG_WORD.findall(value))
    is_short = sum(letter.isdigit() for letter in value) <= UNIT_DIGITS
    return is_short and all(word in common_words() for word in long_words)


def unit(value: Any, _visit: Visit) -> str | None:
    """A short unit."""
    return value if type(value) is str and len(value) <= LONGEST_UNIT and is_unit(value) else None


def time(value: Any, _visit: Visit) -> str | None:
    """A time of day."""
    return value if isinstance(value, str) and TIME.fullmatch(value) else None


def samples(value: Any, _visit: Visit) -> str | None:
    """A row of measured numbers, `E`, `U` and `L` among them."""
    return value if isinstance(value, str) and SAMPLES.fullmatch(value) else None


def text(value: Any, _visit: Visit) -> str | None:
    """A short text as sent; for a site that has decided so."""
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT else None


def shift(value: Any, visit: Visit) -> str | None:
    """A date moved with its patient, or its year outside any patient's records."""
    if type(value) is not str:
        return None
    try:
        return year_of(value) if visit.days is None else shift_text(value, visit.days)
    except InvalidDate:
        return None


def instant(value: Any, visit: Visit) -> str | None:
    """As `shift`, and still an instant outside any patient's records: the first of its year."""
    kept = shift(value, visit)
    return kept if kept is None or visit.days is not None else f"{kept}-01-01T00:00:00Z"


def year_of_birth(value: Any, visit: Visit) -> str | None:
    """The year of birth, capped at an age of 90 on the day of death or today."""
    death = visit.resource.get("deceasedDateTime")
    try:
        reference = int(year_of(death)) if isinstance(death, str) else visit.batch.today
        return birth_year(str(value), visit.days or 0, reference)
    except InvalidDate:
        return None


def count_dropped(url: Any, visit: Visit) -> None:
    """Count an extension that was dropped, under its address."""
    dropped = visit.batch.dropped
    known = isinstance(url, str) and (url in dropped or len(dropped) < COUNTED_URLS)
    dropped[url if known else OTHER_URLS] += 1


def with_extensions(kept: dict[str, Any], value: Mapping[str, Any], visit: Visit) -> Any:
    """`kept` with the extensions of `value` that may stay; None when nothing is left."""
    if "extension" in value:
        extensions = visit.batch.extension(value["extension"], visit)
        if extensions is not None:
            kept["extension"] = extensions
    return kept or None
