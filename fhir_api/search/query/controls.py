"""What shapes the answer of a search and not its matches: how many, in which order, how much.

https://hl7.org/fhir/R4/search.html#return
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from fhir_api.errors import InvalidRequest, place_of
from fhir_api.search.r4.offer import known_types

USUAL, MOST = 100, 1000  # resources on a page
CURSOR = "_cursor"
INCLUDE, REVERSE = "_include", "_revinclude"
ITERATE = frozenset({"iterate", "recurse"})  # R4 calls it iterate, STU3 called it recurse
TRANSPORT = frozenset({"_format", "_pretty"})  # of HTTP, and not of the search
Total = Literal["none", "estimate", "accurate"]
Summary = Literal["false", "true", "text", "data", "count"]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One `_include` or `_revinclude`.

    Attributes:
        source: Type whose parameter points; empty for every type.
        parameter: Its name; `*` for all.
        target: Type pointed at; empty for every type.
        iterate: Whether it goes on from what was included.
    """

    source: str
    parameter: str
    target: str
    iterate: bool


@dataclass(slots=True)
class Controls:
    """The shape of an answer.

    Attributes:
        count: Matches on a page, at most 1,000; 0 for their number alone.
        sort: Keys, each with whether it falls.
        total: Whether the matches are counted.
        summary: Which part of each resource is wanted.
        elements: Names of the elements wanted; empty for all.
        includes: What the matches point at and is wanted with them.
        reverse: What points at the matches and is wanted with them.
        types: Where the search is across types, those it is kept to; empty for all.
        cursor: Where the page begins, as an earlier page told it; empty for the first.
    """

    count: int = USUAL
    sort: list[tuple[str, bool]] = field(default_factory=list)
    total: Total = "none"
    summary: Summary = "false"
    elements: tuple[str, ...] = ()
    includes: list[Inclusion] = field(default_factory=list)
    reverse: list[Inclusion] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    cursor: str = ""

    @property
    def only_counts(self) -> bool:
        """Whether the number of matches is all that is asked for."""
        return self.count == 0 or self.summary == "count"


def is_control(name: str) -> bool:
    """Whether a parameter shapes the answer."""
    return name in SETTERS or is_inclusion(name)


def is_inclusion(name: str) -> bool:
    """Whether a parameter asks for more resources; it may be given again and again."""
    return name.partition(":")[0] in {INCLUDE, REVERSE}


def set_control(controls: Controls, name: str, value: str) -> None:
    """Take in a parameter that shapes the answer; raises InvalidRequest naming it."""
    plain, _, modifier = name.partition(":")
    if plain in {INCLUDE, REVERSE}:
        inclusions = controls.includes if plain == INCLUDE else controls.reverse
        inclusions.append(inclusion_of(plain, modifier, value))
    else:
        SETTERS[name](controls, value)


def inclusion_of(name: str, modifier: str, value: str) -> Inclusion:
    """What `Type:parameter:Target` says."""
    parts = value.split(":")
    source, parameter, target = (*parts, "*", "")[:3] if value == "*" else (*parts, "", "")[:3]
    if modifier and modifier not in ITERATE:
        raise InvalidRequest(f"{name} takes the modifier :iterate and no other.", place_of(name))
    if not (source and parameter) or len(parts) > 3:
        raise InvalidRequest(
            f"{name} must be Type:parameter or Type:parameter:Target.", place_of(name)
        )
    return Inclusion("" if source == "*" else source, parameter, target, bool(modifier))


def set_count(controls: Controls, value: str) -> None:
    """`_count`, at most 1,000."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidRequest("_count must be a whole number, 0 or more.", place_of("_count"))
    controls.count = min(int(value), MOST)


def set_sort(controls: Controls, value: str) -> None:
    """`_sort=status,-date`."""
    controls.sort = [
        (each.removeprefix("-"), each.startswith("-")) for each in value.split(",") if each
    ]


def set_total(controls: Controls, value: str) -> None:
    """`_total`, one of three words."""
    controls.total = word("_total", value, get_args(Total))


def set_summary(controls: Controls, value: str) -> None:
    """`_summary`, one of five words."""
    controls.summary = word("_summary", value, get_args(Summary))


def word(name: str, value: str, known: tuple[str, ...]) -> Any:
    """The value, if it is one of those there are."""
    if value not in known:
        raise InvalidRequest(f"{name} must be one of {', '.join(known)}.", place_of(name))
    return value


def set_elements(controls: Controls, value: str) -> None:
    """`_elements=status,code`."""
    names = tuple(each for each in value.split(",") if each)
    if not names or not all(each.isidentifier() and each.isascii() for each in names):
        message = "_elements must name elements of the root, as status,code."
        raise InvalidRequest(message, place_of("_elements"))
    controls.elements = names


def set_types(controls: Controls, value: str) -> None:
    """`_type=Patient,Observation`."""
    controls.types = known_types(value)


def set_cursor(controls: Controls, value: str) -> None:
    """`_cursor`, which only this server writes."""
    controls.cursor = value


SETTERS: Mapping[str, Callable[[Controls, str], None]] = MappingProxyType(
    {
        "_count": set_count,
        "_sort": set_sort,
        "_total": set_total,
        "_summary": set_summary,
        "_elements": set_elements,
        "_type": set_types,
        CURSOR: set_cursor,
    }
)
