"""One walk over a resource for all its search parameters: ways that begin alike are gone once.

The ways are put together into a tree by JSON name and compiled into closures when a type is met
for the first time; a name that leads nowhere costs one look into a dict.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fhir_api.search.r4.kinds import Reading
from fhir_api.search.r4.ways import Guard, Hop, Way


class Value(NamedTuple):
    """One value that a resource can be found by: a row of the index without its resource.

    Attributes:
        parameter: Name of the search parameter; `P$1` and so on for the parts of a composite.
        place: 0; for parts of a composite, the number of the element they share, from 1.
        system: And the rest: see `fhir_api.search.index.tables.SearchValue`.
    """

    parameter: str
    place: int
    system: str | None
    code: str | None
    starts: str | None = None
    ends: str | None = None
    low: str | None = None
    high: str | None = None


Walk = Callable[[Any, list[Value]], None]
Collect = Callable[[Any], list[Any]]
Step = tuple[str, tuple[Guard, ...]]


class Reads(NamedTuple):
    """What a parameter reads at the end of a way."""

    name: str
    way: Way
    reading: Reading


@dataclass
class Branch:
    """A place in the tree.

    Attributes:
        names: Parameters that read here, by how they read.
        branches: Further names.
    """

    names: dict[Reading, list[str]] = field(default_factory=lambda: defaultdict(list))
    branches: dict[Step, "Branch"] = field(default_factory=dict)


def walk_of(reads: Iterable[Reads]) -> Walk:
    """A walk that reads all of them."""
    root = Branch()
    for each in reads:
        branch = root
        for hop in each.way.hops:
            branch = branch.branches.setdefault(step(hop), Branch())
        if each.name not in branch.names[each.reading]:
            branch.names[each.reading].append(each.name)
    return through(root.branches)


def step(hop: Hop) -> Step:
    """What tells two hops from one another, wherever they are."""
    return hop.name, hop.guards


def through(branches: Mapping[Step, Branch]) -> Walk:
    """A walk over the members of an object."""
    by_name: dict[str, list[Walk]] = defaultdict(list)
    for (name, guards), branch in branches.items():
        by_name[name].append(guarded(here(branch), guards) if guards else each_of(here(branch)))
    known = {name: together(walks) for name, walks in by_name.items()}

    def walk(value: Any, found: list[Value]) -> None:
        if type(value) is dict:
            for name, item in value.items():
                if name in known:
                    known[name](item, found)

    return walk


def here(branch: Branch) -> Walk:
    """What is read at a place, and below it."""
    walks = [reader(reading, tuple(names)) for reading, names in branch.names.items()]
    return together([*walks, through(branch.branches)] if branch.branches else walks)


def together(walks: list[Walk]) -> Walk:
    """Several walks from one place."""
    if len(walks) == 1:
        return walks[0]

    def walk(value: Any, found: list[Value]) -> None:
        for each in walks:
            each(value, found)

    return walk


def each_of(inner: Walk) -> Walk:
    """A walk into every item of a list."""

    def walk(value: Any, found: list[Value]) -> None:
        if type(value) is list:
            for item in value:
                inner(item, found)
        else:
            inner(value, found)

    return walk


def guarded(inner: Walk, guards: tuple[Guard, ...]) -> Walk:
    """A walk into the items that meet conditions."""

    def walk(value: Any, found: list[Value]) -> None:
        items = value if type(value) is list else [value]
        for item in admitted(items, guards):
            inner(item, found)

    return walk


def admitted(items: list[Any], guards: tuple[Guard, ...]) -> list[Any]:
    """The items that meet every condition."""
    for guard in guards:
        if guard.condition == "first":
            items = items[:1]
        else:
            items = [item for item in items if type(item) is dict and meets(item, guard)]
    return items


def meets(item: Mapping[str, Any], guard: Guard) -> bool:
    """Whether an object meets a condition."""
    if guard.condition == "equals":
        return bool(item.get(guard.text) == guard.value)
    if guard.condition == "extension":
        return bool(item.get("url") == guard.text)
    inner = item.get("extension")
    given = inner if type(inner) is list else []
    return any(type(each) is dict and each.get("url") == guard.text for each in given)


def reader(reading: Reading, names: tuple[str, ...]) -> Walk:
    """What is read of a value, for each parameter that reads so."""

    def walk(value: Any, found: list[Value]) -> None:
        for columns in reading(value):
            found.extend([Value(name, 0, *columns) for name in names])

    return walk


def collector(ways: Iterable[Way]) -> Collect:
    """A function that gives the elements at the end of ways, as they stand."""
    several = tuple(ways)

    def collect(value: Any) -> list[Any]:
        found = []
        for way in several:
            items = [value]
            for hop in way.hops:
                items = admitted(inside(items, hop.name), hop.guards)
            found += items
        return found

    return collect


def inside(items: list[Any], name: str) -> list[Any]:
    """The members of that name, lists taken apart."""
    members = [item[name] for item in items if type(item) is dict and name in item]
    return [each for item in members for each in (item if type(item) is list else [item])]
