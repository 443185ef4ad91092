"""The order of matches, and where in that order a page begins.

Without `_sort` matches come in the order they were first stored. With it, by the least value of
each key (the greatest where it falls), those without a value last, and then by that order; so no
two matches share a place, and what is stored meanwhile moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_api.errors import InvalidRequest
from fhir_api.search.query.controls import Controls
from fhir_api.search.r4.offer import is_keyed, is_moved
from fhir_api.search.sql.comparing import any_of
from fhir_api.search.sql.frame import Frame, Place

MOST_KEYS = 5
COLUMNS = {
    "token": ("code", "text"),
    "string": ("code", "text"),
    "uri": ("code", "text"),
    "reference": ("code", "text"),
    "date": ("starts", "timestamptz"),
    "number": ("low", "numeric"),
    "quantity": ("low", "numeric"),
}
HEAD_COLUMNS = {"_id": ("resource_id", "text"), "_lastUpdated": ("recorded_at", "timestamptz")}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of the order.

    Attributes:
        column: SQL of its value in a statement that selects heads.
        join: SQL that brings it there; empty for a column of the head.
        data_type: Of Postgres.
        falls: Whether the greatest comes first.
    """

    column: str
    join: str
    data_type: str
    falls: bool

    @property
    def order(self) -> str:
        """SQL of the order, for ORDER BY."""
        return f"{self.column} {'DESC' if self.falls else 'ASC'} NULLS LAST"


def sort_keys(frame: Frame, place: Place, controls: Controls) -> list[SortKey]:
    """The keys of `_sort`; raises InvalidRequest for one that has no order."""
    if len(controls.sort) > MOST_KEYS:
        raise InvalidRequest(f"_sort takes at most {MOST_KEYS} keys.", "http._sort")
    return [
        sort_key(frame, place, name, falls, number)
        for number, (name, falls) in enumerate(controls.sort)
    ]


def sort_key(frame: Frame, place: Place, name: str, falls: bool, number: int) -> SortKey:
    """One key."""
    if name in HEAD_COLUMNS:
        column, data_type = HEAD_COLUMNS[name]
        return SortKey(f"{place.head}.{column}", "", data_type, falls)
    parameter = frame.offer.parameter(place.resource_type, name, f"_sort:{name}")
    if parameter.kind not in COLUMNS or is_keyed(place.resource_type, name):
        raise InvalidRequest(
            "_sort names a parameter whose values have no order here.", "http._sort"
        )
    column, data_type = COLUMNS[parameter.kind]
    least = f"{'max' if falls else 'min'}(s.{column})"
    if parameter.kind == "date" and is_moved(place.resource_type) and frame.names.identified:
        least += f" - {days_of(frame, place, name)}"
    lane = frame.lane(place.resource_type, name)
    join = (
        f"LEFT JOIN LATERAL (SELECT {least} AS value FROM search_value s "
        f"WHERE s.resource = {place.head}.number AND s.lane = {lane}) k{number} ON TRUE"
    )
    return SortKey(f"k{number}.value", join, data_type, falls)


def days_of(frame: Frame, place: Place, name: str) -> str:
    """SQL: how far dates of the resource's patient were moved, so that true ones are compared."""
    branches = " ".join(
        f"WHEN {frame.bound.value(patient)} THEN {int(days)}"
        for patient, days in frame.shifts(name).items()
    )
    if not branches:
        return "interval '0'"
    return f"make_interval(days => CASE {place.head}.patient_id {branches} END)"


def after(frame: Frame, place: Place, keys: Sequence[SortKey], ends: Sequence[str | None]) -> str:
    """SQL: the resource comes after the last one of the page before."""
    columns = [*((key.column, key.data_type, key.falls) for key in keys),
               (f"{place.head}.number", "bigint", False)]  # fmt: skip
    if len(ends) != len(columns):
        raise InvalidRequest(
            "_cursor is not one of this search; begin again without it.", "http._cursor"
        )
    found, equal = [], list[str]()
    for (column, data_type, falls), end in zip(columns, ends, strict=True):
        bound = f"CAST({frame.bound.value(end)} AS {data_type})" if end is not None else "NULL"
        if end is not None:
            past = f"{column} {'<' if falls else '>'} {bound}"
            last = f" OR {column} IS NULL" if column[0] == "k" else ""
            found.append(" AND ".join([*equal, f"({past}{last})"]))
        equal.append(f"{column} = {bound}" if end is not None else f"{column} IS NULL")
    return any_of([f"({each})" for each in found])
