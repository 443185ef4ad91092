"""The statements of a search: a page of matches, their number, the ids of many searches at once.

A page begins after the keys of the last match (no OFFSET, whose cost grows with the page), and the
bodies are read for the matches of the page alone.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from fhir_api.search.sql.frame import Frame, Place
from fhir_api.search.sql.sorting import SortKey
from fhir_api.store.records import StoredResource
from fhir_api.store.repository import COLUMNS, stored_resource

BODIES = """JOIN resource_version v ON v.site = h.site AND v.resource_type = h.resource_type
    AND v.resource_id = h.resource_id AND v.version = h.version"""
BODY_COLUMNS = COLUMNS.count(",") + 1
HEAD = ("number", "site", "resource_type", "resource_id", "version")


class Match(NamedTuple):
    """A resource that was found.

    Attributes:
        number: Of its head.
        row: The resource.
        ends: Its sort keys as texts, its number the last.
    """

    number: int
    row: StoredResource
    ends: tuple[str | None, ...]


class Matches(NamedTuple):
    """The matches of a search as SQL.

    Attributes:
        place: Type searched, and alias of the heads.
        conditions: What each match meets.
        keys: Of their order.
    """

    place: Place
    conditions: Sequence[str]
    keys: Sequence[SortKey] = ()

    @property
    def source(self) -> str:
        """FROM and WHERE."""
        joins = " ".join(key.join for key in self.keys)
        head = self.place.head
        return f"FROM resource_head {head} {joins} WHERE {' AND '.join(self.conditions)}"

    @property
    def order(self) -> str:
        """What ORDER BY names."""
        return ", ".join([*(key.order for key in self.keys), f"{self.place.head}.number"])


def page(connection: Connection, frame: Frame, matches: Matches, most: int) -> list[Match]:
    """The first matches, in order."""
    return [match_of(row) for row in fetch(connection, frame, page_statement(matches, most))]


def page_statement(matches: Matches, most: int) -> str:
    """SQL of the first matches with their bodies."""
    head = matches.place.head
    heads = ", ".join(f"{head}.{name}" for name in HEAD)
    ends = "".join(f", {key.column} AS e{i}" for i, key in enumerate(matches.keys))
    place = f"row_number() OVER (ORDER BY {matches.order}) AS place"
    texts = "".join(f", h.e{i}::text" for i in range(len(matches.keys)))
    return (
        f"SELECT {COLUMNS}, h.number{texts} FROM "
        f"(SELECT {heads}{ends}, {place} {matches.source} ORDER BY {matches.order} "
        f"LIMIT {int(most)}) h {BODIES} ORDER BY h.place"
    )


def first_ids(matches: Matches, number: int, most: int) -> str:
    """SQL of the first matches' ids, beside a number that tells this search from others."""
    id_ = f"{matches.place.head}.resource_id"
    return f"(SELECT {int(number)}, {id_} {matches.source} LIMIT {int(most)})"


def number_of(connection: Connection, frame: Frame, matches: Matches) -> int:
    """How many match."""
    [row] = fetch(connection, frame, f"SELECT count(*) {matches.source}")
    return int(row[0])


def fetch(connection: Connection, frame: Frame, statement: str) -> Sequence[Row[Any]]:
    """The rows of a statement with what is bound to it."""
    return connection.execute(text(statement), frame.bound.values).all()


def match_of(row: Row[Any]) -> Match:
    """A row of a page."""
    stored, (number, *ends) = tuple[Any, ...](row)[:BODY_COLUMNS], row[BODY_COLUMNS:]
    return Match(number, stored_resource(stored), (*ends, str(number)))
