"""What a resource can be found by: all values of all its search parameters.

    values_of("Observation", body)

Of a resource as stored: de-identified, its dates shifted, its references pseudonyms. Identifiers
are found by keyed tokens, which are made of the resource as sent (`reference_tokens`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from fhir_api.search.index.walks import Reads, Value, Walk, collector, walk_of
from fhir_api.search.r4.kinds import READINGS, Columns, Reading, reference, word_of
from fhir_api.search.r4.registry import code_systems
from fhir_api.search.r4.sources import IDENTIFIER, Half, Source, keyed, sources
from fhir_api.search.r4.ways import Way
from privacy.keys import SiteKeys
from privacy.pseudonyms import identifier_token, value_token
from privacy.records import CleanResource

MOST_PLACES = 32767  # what a smallint holds
EDITION = 2  # of these rules; a higher one has every resource indexed anew


class Extractor(NamedTuple):
    """How the values of one type are found."""

    walk: Walk
    others: tuple[Walk, ...]


def values_of(resource_type: str, body: Mapping[str, Any]) -> list[Value]:
    """Every value that a stored resource can be found by, each once."""
    extractor = extractor_of(resource_type)
    found: list[Value] = []
    extractor.walk(body, found)
    for other in extractor.others:
        other(body, found)
    return list(dict.fromkeys(found))


@cache
def extractor_of(resource_type: str) -> Extractor:
    """Made when a type is met for the first time."""
    known = sources(resource_type)
    plain = [each for each in known if not each.halves and not each.holds]
    others = [composite(each) for each in known if each.halves]
    others += [holding(each) for each in known if each.holds]
    return Extractor(walk_of(read for each in plain for read in reads(each)), tuple(others))


def reads(source: Source) -> Iterator[Reads]:
    """What a parameter reads, and where."""
    for way in source.ways:
        if way.data_type != IDENTIFIER:
            yield Reads(source.parameter.name, way, reading_of(source.parameter.kind, way))


def reading_of(kind: str, way: Way) -> Reading:
    """How values at the end of a way are read."""
    if way.refers:
        return pointing(way.refers)
    last = f"{way.hops[-1].owner}.{way.hops[-1].name}"
    if kind == "token" and last in code_systems():
        return word_of(code_systems()[last])
    return READINGS[kind, way.data_type]


@cache
def pointing(resource_type: str) -> Reading:
    """A reading of references to resources of one type."""
    prefix = f"{resource_type}/"

    def read(value: Any) -> list[Columns]:
        return [each for each in reference(value) if each.code and each.code.startswith(prefix)]

    return read


def holding(source: Source) -> Walk:
    """Whether something is there and is not false, said of every resource of the type."""
    collect, name = collector(source.ways), source.parameter.name

    def walk(body: Any, found: list[Value]) -> None:
        holds = any(each is not False for each in collect(body))
        found.append(Value(name, 0, None, "true" if holds else "false"))

    return walk


def composite(source: Source) -> Walk:
    """The parts of a composite, for each element that has all of them."""
    name = source.parameter.name
    shared = [
        (collector([way]), [part(each) for each in halves])
        for way, halves in zip(source.ways, source.halves, strict=True)
    ]

    def walk(body: Any, found: list[Value]) -> None:
        place = 0
        for collect, parts in shared:
            for element in collect(body)[: MOST_PLACES - place]:
                place += 1
                found.extend(joined(name, place, [each(element, body) for each in parts]))

    return walk


def part(half: Half) -> Callable[[Any, Any], list[Value]]:
    """A function that reads one part of a composite."""
    walk = walk_of(Reads("", way, reading_of(half.kind, way)) for way in half.ways)

    def read(element: Any, body: Any) -> list[Value]:
        found: list[Value] = []
        walk(body if half.from_root else element, found)
        return found

    return read


def joined(name: str, place: int, parts: list[list[Value]]) -> Iterator[Value]:
    """The values of parts in lanes of their own, if each part has one."""
    if all(parts):
        for number, values in enumerate(parts, start=1):
            for value in values:
                yield value._replace(parameter=f"{name}${number}", place=place)


def reference_tokens(
    resource_type: str, sent: Mapping[str, Any], keys: SiteKeys
) -> tuple[tuple[str, str], ...]:
    """Keyed tokens of identifiers that stand elsewhere than in `identifier`, with their lanes.

    Args:
        resource_type: R4 type name.
        sent: The resource before it is de-identified, for which no identifier is stored.
        keys: Keys of the site.

    Returns:
        Lane and token: `subject:identifier` for the identifier of a reference, the name of the
        parameter for others, such as `group-identifier`; with its system, and of its value alone.
    """
    found: list[Value] = []
    keyed_walk(resource_type)(sent, found)
    pairs = (
        (value.parameter, token)
        for value in found
        if value.code is not None
        for token in (
            identifier_token(keys, value.system, value.code),
            value_token(keys, value.code),
        )
    )
    return tuple(dict.fromkeys(pairs))


def with_reference_tokens(
    clean: CleanResource, sent: Mapping[str, Any], keys: SiteKeys
) -> CleanResource:
    """A clean resource with the keyed tokens of identifiers that are not kept."""
    tokens = reference_tokens(clean.resource_type, sent, keys)
    return replace(clean, reference_tokens=tokens) if tokens else clean


@cache
def keyed_walk(resource_type: str) -> Walk:
    """A walk to the identifiers that stand elsewhere."""
    return walk_of(
        Reads(lane, way, identifier if way.data_type == IDENTIFIER else identified(way.refers))
        for lane, way in keyed(resource_type)
    )


def identifier(value: Any) -> list[Columns]:
    """System and value of an Identifier, in whole."""
    if type(value) is not dict or type(value.get("value")) is not str:
        return []
    system = value.get("system")
    return [Columns(system if type(system) is str else None, value["value"])]


@cache
def identified(refers: str) -> Reading:
    """A reading of the identifier of a Reference that may point at a type."""

    def read(value: Any) -> list[Columns]:
        if type(value) is not dict or "identifier" not in value:
            return []
        said = value.get("type") or str(value.get("reference") or "").partition("/")[0]
        return identifier(value["identifier"]) if not refers or said in ("", refers) else []

    return read
