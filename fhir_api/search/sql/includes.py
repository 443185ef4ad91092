"""What is wanted with the matches: resources they point at, and resources that point at them.

https://hl7.org/fhir/R4/search.html#include. With `:iterate` it goes on from what was included,
three steps at most. Types that the caller may not search are left out, and so is what lies outside
the caller's limits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from fhir_api.errors import InvalidRequest
from fhir_api.search.index.lanes import lane
from fhir_api.search.query.controls import Controls, Inclusion
from fhir_api.search.r4.offer import targets_of
from fhir_api.search.sql.conditions import condition, of_type
from fhir_api.search.sql.frame import Frame, Place
from fhir_api.search.sql.limited import within_limits
from fhir_api.search.sql.statement import BODIES, HEAD, Match, fetch, match_of
from fhir_api.store.records import StoredResource
from fhir_api.store.repository import COLUMNS

STEPS = 3
MOST = 10_000  # resources included on one page
Key = tuple[str, str]  # type, pseudonym


def included(
    connection: Connection, frame: Frame, controls: Controls, matches: Sequence[Match]
) -> list[StoredResource]:
    """What is wanted with the matches, each once and no match among it."""
    seen = {key_of(each) for each in matches}
    found: list[Match] = []
    last, forward, reverse = list(matches), controls.includes, controls.reverse
    for _ in range(STEPS):
        if not last or not (forward or reverse):
            break
        wanted = step(connection, frame.afresh(), (forward, reverse), last)
        last = [each for each in wanted if key_of(each) not in seen]
        seen |= {key_of(each) for each in last}
        found += last
        demand_few(found)
        forward = [each for each in forward if each.iterate]
        reverse = [each for each in reverse if each.iterate]
    return [each.row for each in found]


def key_of(match: Match) -> Key:
    """Type and pseudonym."""
    return match.row.resource_type, match.row.resource_id


def demand_few(found: Sequence[Match]) -> None:
    """Raise InvalidRequest when more is wanted than one page may bring."""
    if len(found) > MOST:
        message = f"More than {MOST:,} resources would be included; ask for fewer with _count."
        raise InvalidRequest(message)


def step(
    connection: Connection,
    frame: Frame,
    wanted: tuple[Sequence[Inclusion], Sequence[Inclusion]],
    sources: Sequence[Match],
) -> list[Match]:
    """What is one step from some resources."""
    forward, reverse = wanted
    heads = [
        *named_heads(frame, pointed_at(connection, frame.afresh(), forward, sources)),
        *pointing_heads(frame, reverse, sources),
    ]
    if not heads:
        return []
    columns = ", ".join(HEAD)
    statement = (
        f"SELECT {COLUMNS}, h.number FROM (SELECT {columns} FROM ({' UNION '.join(heads)}) u "
        f"ORDER BY number LIMIT {MOST + 1}) h {BODIES} ORDER BY h.number"
    )
    return [match_of(row) for row in fetch(connection, frame, statement)]


def pointed_at(
    connection: Connection,
    frame: Frame,
    inclusions: Sequence[Inclusion],
    sources: Sequence[Match],
) -> dict[str, list[str]]:
    """Ids that some resources point at, by type."""
    types = {each.row.resource_type for each in sources}
    lanes: dict[str, list[int]] = defaultdict(list)
    for each in inclusions:
        for kind in types & ({each.source} if each.source else types):
            lanes[each.target] += lanes_of(frame, kind, each.parameter)
    if not any(lanes.values()):
        return {}
    numbers = frame.bound.numbers([each.number for each in sources])
    pointing = " OR ".join(points(frame, *each) for each in lanes.items())
    source = f"FROM search_value s WHERE s.resource = ANY({numbers}) AND ({pointing})"
    found: dict[str, list[str]] = defaultdict(list)
    for (name,) in fetch(connection, frame, f"SELECT DISTINCT s.code {source}"):
        kind, _, id_ = name.partition("/")
        found[kind].append(id_)
    return found


def points(frame: Frame, target: str, lanes: Sequence[int]) -> str:
    """SQL: a value in one of the lanes points at a type."""
    among = f"s.lane = ANY({frame.bound.numbers(lanes)})"
    if not target:
        return among
    return f"({among} AND starts_with(s.code, {frame.bound.text(target + '/')}))"


def lanes_of(frame: Frame, kind: str, parameter: str, target: str = "") -> list[int]:
    """The lanes of a parameter, or of all references of a type; only those that may point so."""
    known = [
        each
        for each in frame.offer.references(kind)
        if parameter in {"*", each.name} and (not target or target in targets_of(each))
    ]
    return [lane(frame.keys.site, kind, each.name) for each in known]


def named_heads(frame: Frame, ids: dict[str, list[str]]) -> Iterator[str]:
    """SQL: heads of resources by id, those that the caller may search."""
    for kind in sorted(ids):
        place = Place(kind, "h0")
        named = f"h0.resource_id = ANY({frame.bound.texts(ids[kind])})"
        yield from heads(frame, place, named)


def pointing_heads(
    frame: Frame, inclusions: Iterable[Inclusion], sources: Sequence[Match]
) -> Iterator[str]:
    """SQL: heads of resources that point at some, those that the caller may search."""
    for each in inclusions:
        names = [
            "/".join(key)
            for key in map(key_of, sources)
            if not each.target or key[0] == each.target
        ]
        for kind in [each.source] if each.source else sorted(frame.offer.served):
            lanes = lanes_of(frame, kind, each.parameter, each.target)
            if lanes and names:
                yield from heads(frame, Place(kind, "h0"), points_back(frame, lanes, names))


def points_back(frame: Frame, lanes: Sequence[int], names: Sequence[str]) -> str:
    """SQL: the resource points at one of some names."""
    return (
        f"h0.number IN (SELECT s.resource FROM search_value s "
        f"WHERE s.lane = ANY({frame.bound.numbers(lanes)}) "
        f"AND s.code = ANY({frame.bound.texts(names)}))"
    )


def heads(frame: Frame, place: Place, wanted: str) -> Iterator[str]:
    """SQL: heads of a type that meet a condition; none where the caller may not search it."""
    if frame.may_search(place.resource_type):
        limits = within_limits(frame, place, frame.limits(place.resource_type), condition)
        columns = ", ".join(f"h0.{name}" for name in HEAD)
        where = " AND ".join([of_type(frame, place), wanted, *limits])
        yield f"SELECT {columns} FROM resource_head h0 WHERE {where}"
