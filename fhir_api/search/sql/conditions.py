"""Conditions of a search as SQL: each an EXISTS over the index, chains one inside the other.

https://hl7.org/fhir/R4/search.html#chaining. A chain ends at resources that the caller may search:
the caller's limits hold at each step.
"""

from collections.abc import Sequence

from fhir_api.errors import InvalidRequest, UnknownParameter, shown_name
from fhir_api.search.query.asked import Chain, Condition, Criterion, Has
from fhir_api.search.query.modifiers import MISSING, NOT, demand_served
from fhir_api.search.query.values import parted, plain
from fhir_api.search.r4.offer import targets_of
from fhir_api.search.sql.comparing import COMPARED, DATE_FORM, any_of, malformed, ordered
from fhir_api.search.sql.dates import asked_date, compared
from fhir_api.search.sql.frame import Frame, Place, Spot
from fhir_api.search.sql.limited import within_limits
from fhir_api.validation.elements import resource_types

MOST_TARGETS = 12  # types that a chain without a type may go on to


def condition(frame: Frame, place: Place, asked: Condition) -> str:
    """SQL: the resource at a place meets a condition."""
    if isinstance(asked, Chain):
        return chained(frame, place, asked)
    if isinstance(asked, Has):
        return pointed_at(frame, place, asked)
    return plainly(frame, place, asked)


def plainly(frame: Frame, place: Place, asked: Criterion) -> str:
    """SQL: a parameter of the resource itself."""
    parameter = frame.offer.parameter(place.resource_type, asked.name, asked.given)
    demand_served(parameter, asked.modifier, asked.given)
    spot = Spot(place.head, "s", place.resource_type, parameter, asked.given)
    if parameter.name == "_id":
        return among_ids(frame, place, asked)
    if parameter.name == "_lastUpdated":
        return stored_at(frame, place, asked)
    if asked.modifier == MISSING:
        return missing(frame, spot, asked)
    if parameter.kind == "composite":
        return composite(frame, spot, asked.values)
    compared_with = COMPARED[parameter.kind](frame, spot, asked.modifier, asked.values)
    found = exists(frame, spot, lane_of(asked), compared_with)
    return negated(found) if asked.modifier == NOT else found


def negated(found: str) -> str:
    """SQL: the opposite of an EXISTS.

    With OFFSET it is asked of each resource that is left, by the index. Without, Postgres makes a
    join of it, and where it thinks that few rows match, one that compares each with each.
    """
    return f"NOT {found.removesuffix(')')} OFFSET 0)"


def lane_of(asked: Criterion) -> str:
    """The lane's name: references by identifier have one of their own."""
    return f"{asked.name}:identifier" if asked.modifier == "identifier" else asked.name


def exists(frame: Frame, spot: Spot, lane: str, compared_with: str) -> str:
    """SQL: a value in a lane of the resource meets a condition."""
    return (
        f"EXISTS (SELECT FROM search_value {spot.alias} "
        f"WHERE {spot.alias}.resource = {spot.head}.number "
        f"AND {spot.alias}.lane = {frame.lane(spot.resource_type, lane)} AND {compared_with})"
    )


def missing(frame: Frame, spot: Spot, asked: Criterion) -> str:
    """SQL: the resource has no value of the parameter, or has one."""
    if asked.values not in {("true",), ("false",)}:
        raise malformed(asked.given, "true or false")
    found = exists(frame, spot, asked.name, "TRUE")
    return negated(found) if asked.values == ("true",) else found


def among_ids(frame: Frame, place: Place, asked: Criterion) -> str:
    """SQL: the resource has one of the ids; across types, as an id of any of them."""
    if asked.modifier:
        raise malformed(asked.given, "without a modifier")
    types = [place.resource_type] if place.resource_type else sorted(resource_types())
    ids = [frame.names.stored_id(kind, plain(id_)) for id_ in asked.values for kind in types]
    return f"{place.head}.resource_id = ANY({frame.bound.texts(ids)})"


def stored_at(frame: Frame, place: Place, asked: Criterion) -> str:
    """SQL: the resource was stored at a time, which is true and never moved."""
    if asked.modifier:
        raise malformed(asked.given, "without a modifier")
    column, found = f"{place.head}.recorded_at", []
    for prefix, text in (ordered(value, asked.given, DATE_FORM) for value in asked.values):
        date = asked_date(text, 0, frame.now, only_years=False)
        if date is None:
            raise malformed(asked.given, DATE_FORM)
        found.append(compared(prefix, date, frame.bound, column, f"({column} + interval '1 us')"))
    return any_of(found)


def composite(frame: Frame, spot: Spot, values: Sequence[str]) -> str:
    """SQL: one element has all parts of `code$value`."""
    return any_of([together(frame, spot, parted(value, "$")) for value in values])


def together(frame: Frame, spot: Spot, parts: Sequence[str]) -> str:
    """SQL: rows in the lanes of the parts, at the same place of the resource, match each."""
    components = spot.parameter.components
    if len(parts) != len(components) or not all(parts):
        raise malformed(spot.given, "$".join(each.name for each in components))
    tables, conditions = [], []
    for number, (part, component) in enumerate(zip(parts, components, strict=True), start=1):
        half = frame.offer.half(spot.resource_type, component.name)
        row = Spot(spot.head, f"s{number}", spot.resource_type, half, spot.given)
        lane = frame.lane(spot.resource_type, f"{spot.parameter.name}${number}")
        tables.append(f"search_value {row.alias}")
        compared_with = COMPARED[half.kind](frame, row, "", [part])
        conditions.append(
            f"{row.alias}.resource = {spot.head}.number AND {row.alias}.lane = {lane} "
            f"AND {row.alias}.place = s1.place AND {compared_with}"
        )
    return f"EXISTS (SELECT FROM {', '.join(tables)} WHERE {' AND '.join(conditions)})"


def chained(frame: Frame, place: Place, asked: Chain) -> str:
    """SQL: the resource points at one that meets a condition."""
    parameter = frame.offer.reference(place.resource_type, asked.name, asked.given)
    spot = Spot(place.head, "s", place.resource_type, parameter, asked.given)
    found = []
    for target in chain_targets(frame, asked, targets_of(parameter)):
        inner = Place(target, place.inner)
        names = f"{frame.bound.text(target + '/')} || {inner.head}.resource_id"
        found.append(f"s.code IN (SELECT {names} {heads(frame, inner, asked.inner)})")
    return exists(frame, spot, asked.name, any_of(found))


def chain_targets(frame: Frame, asked: Chain, possible: tuple[str, ...]) -> list[str]:
    """The types that a chain goes on to: the one named, or those that have the next parameter."""
    if asked.target:
        if asked.target not in resource_types() or (possible and asked.target not in possible):
            raise malformed(asked.given, f"of a type it points at: {', '.join(possible)}")
        return [asked.target]
    after = asked.inner.name if not isinstance(asked.inner, Has) else None
    known = [each for each in possible if after is None or after in frame.offer.parameters(each)]
    if not known:
        raise UnknownParameter(asked.given, sorted({
            name for each in possible for name in frame.offer.parameters(each)}))  # fmt: skip
    if len(known) > MOST_TARGETS:
        message = f"{shown_name(asked.given)} may go on to many types; name one after a colon."
        raise InvalidRequest(message)
    return known


def pointed_at(frame: Frame, place: Place, asked: Has) -> str:
    """SQL: a resource that meets a condition points at this one."""
    parameter = frame.offer.reference(asked.resource_type, asked.name, asked.given)
    if place.resource_type not in targets_of(parameter):
        raise malformed(asked.given, "of a reference that can point at the type searched")
    inner = Place(asked.resource_type, place.inner)
    kind = f"{place.resource_type}/"
    source = (
        f"SELECT substr(s.code, {len(kind) + 1}) FROM search_value s "
        f"JOIN (SELECT {inner.head}.number {heads(frame, inner, asked.inner)}) {inner.head} "
        f"ON {inner.head}.number = s.resource "
        f"WHERE s.lane = {frame.lane(asked.resource_type, asked.name)} "
        f"AND starts_with(s.code, {frame.bound.text(kind)})"
    )
    return f"{place.head}.resource_id IN ({source})"


def heads(frame: Frame, place: Place, asked: Condition) -> str:
    """SQL: FROM the heads of a type that meet a condition and that the caller may search."""
    limits = frame.limits(place.resource_type)
    conditions = [
        of_type(frame, place),
        condition(frame, place, asked),
        *within_limits(frame, place, limits, condition),
    ]
    return f"FROM resource_head {place.head} WHERE {' AND '.join(conditions)}"


def of_type(frame: Frame, place: Place) -> str:
    """SQL: a resource of the site and type that is not deleted."""
    return (
        f"{place.head}.site = {frame.bound.value(frame.keys.site)} "
        f"AND {place.head}.resource_type = {frame.bound.value(place.resource_type)} "
        f"AND NOT {place.head}.deleted"
    )
