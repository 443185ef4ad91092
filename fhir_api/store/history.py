"""Versions of resources, newest first: of one resource, of a type, of everything.

Pages go by `seq`, the order of writing, downwards: what is written while a reader turns pages is
newer than the page it began with, and moves nothing. https://hl7.org/fhir/R4/http.html#history
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError

from fhir_api.store.records import StoredResource
from fhir_api.store.repository import (
    COLUMNS,
    ResourceStore,
    give_up_unless_conflict,
    stored_resource,
)

Conditions = dict[str, dict[str, Any]]
REPLACED_BY = """
    NOT EXISTS (
        SELECT FROM resource_version n
        WHERE n.site = v.site AND n.resource_type = v.resource_type
          AND n.resource_id = v.resource_id AND n.version = v.version + 1
          AND n.recorded_at <= :at_first)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which versions.

    Attributes:
        types: Of these resource types; None for all.
        resource_id: Pseudonym of the one resource, whose type is the only one in `types`.
        since: Stored at this moment or later.
        at: Current at some moment from the first to before the second.
        patients: Of these patients' records (pseudonyms) or of nobody's; None for all.
        before: Written before this `seq`; None to begin with the newest.
        count: At most so many.
    """

    types: Collection[str] | None = None
    resource_id: str | None = None
    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    patients: Collection[str] | None = None
    before: int | None = None
    count: int = 100


class Past(NamedTuple):
    """One version, and its place in the order of writing."""

    seq: int
    resource: StoredResource


class History:
    """The versions in a store."""

    def __init__(self, store: ResourceStore) -> None:
        self.store = store

    def versions(self, asked: Asked) -> list[Past]:
        """Versions, newest first."""
        where, given = joined(conditions(asked))
        query = f"SELECT v.seq, {COLUMNS} {where} ORDER BY v.seq DESC LIMIT :count"
        return [past(row) for row in self.rows(query, given | {"count": asked.count})]

    def total(self, asked: Asked) -> int:
        """How many versions there are in all, on every page."""
        where, given = joined(conditions(replace(asked, before=None)))
        [row] = self.rows(f"SELECT count(*) {where}", given)
        return int(row[0])

    def rows(self, query: str, given: dict[str, Any]) -> list[Row[Any]]:
        """What a query finds; raises StoreUnavailable when the database does not answer."""
        try:
            with self.store.engine.connect() as connection:
                return list(connection.execute(text(query), given | {"site": self.store.site}))
        except DBAPIError as error:
            give_up_unless_conflict(error)
            raise


def conditions(asked: Asked) -> Conditions:
    """Each condition that is asked for, with what it is bound to."""
    found: Conditions = {}
    kinds = None if asked.types is None else sorted(asked.types)
    if kinds is not None and len(kinds) == 1:
        found["v.resource_type = :type"] = {"type": kinds[0]}
    elif kinds is not None:
        found["v.resource_type = any(cast(:types AS text[]))"] = {"types": kinds}
    if asked.resource_id is not None:
        found["v.resource_id = :id"] = {"id": asked.resource_id}
    if asked.since is not None:
        found["v.recorded_at >= :since"] = {"since": asked.since}
    if asked.at is not None:
        found["v.recorded_at < :at_last"] = {"at_last": asked.at[1]}
        found[REPLACED_BY] = {"at_first": asked.at[0]}
    if asked.patients is not None:
        owned = "(v.patient_id IS NULL OR v.patient_id = any(cast(:patients AS text[])))"
        found[owned] = {"patients": sorted(asked.patients)}
    if asked.before is not None:
        found["v.seq < :before"] = {"before": asked.before}
    return found


def joined(found: Conditions) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE, and all that is bound in them."""
    where = " AND ".join(("v.site = :site", *found))
    given = {name: value for bound in found.values() for name, value in bound.items()}
    return f"FROM resource_version v WHERE {where}", given


def past(row: Row[Any]) -> Past:
    """A row as a version with its place."""
    seq, *columns = tuple[Any, ...](row)
    return Past(seq, stored_resource(columns))
