"""The audit trail read back: one event by its number, or those that match, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, text
from sqlalchemy.exc import SQLAlchemyError

from fhir_api.audit.event import Access
from fhir_api.errors import TrailUnavailable

COLUMNS = (
    "number, recorded_at, interaction, status, request_id, client, fhir_user, patients, resources, "
    "query"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events.

    Attributes:
        numbers: These; None for all.
        moments: Recorded in all of these intervals; None stands for an open end.
        patients: `Patient/pseudonym`, one of which it concerned.
        entities: `Type/pseudonym` of a patient or resource, one of which it concerned.
        clients: Ids of clients, one of which asked.
        users: `Type/pseudonym`, on behalf of one of whom it was asked.
        actions: One of these.
        before: Of a smaller number; None to begin with the newest.
        count: At most so many.
    """

    numbers: Sequence[int] | None = None
    moments: tuple[tuple[datetime | None, datetime | None], ...] = ()
    patients: Sequence[str] | None = None
    entities: Sequence[str] | None = None
    clients: Sequence[str] | None = None
    users: Sequence[str] | None = None
    actions: Sequence[str] | None = None
    before: int | None = None
    count: int = 100


class Recorded(NamedTuple):
    """One event as it stands in the trail."""

    number: int
    recorded_at: datetime
    access: Access


def events(engine: Engine, site: str, wanted: Wanted) -> list[Recorded]:
    """The events of a site; raises TrailUnavailable when the database does not answer."""
    conditions, given = conditions_of(wanted)
    query = (
        f"SELECT {COLUMNS} FROM audit_event "
        f"WHERE {' AND '.join(('site = :site', *conditions))} ORDER BY number DESC LIMIT :count"
    )
    try:
        with engine.connect() as connection:
            rows = connection.execute(text(query), {"site": site, "count": wanted.count, **given})
            return [recorded(row) for row in rows]
    except SQLAlchemyError as error:
        raise TrailUnavailable from error


def conditions_of(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    """The conditions that are asked for, and what they are bound to."""
    bound: dict[str, tuple[str, Any]] = {
        "number = any(cast(:numbers AS bigint[]))": ("numbers", wanted.numbers),
        "patients && cast(:patients AS text[])": ("patients", wanted.patients),
        "(resources && cast(:entities AS text[]) OR patients && cast(:entities AS text[]))": (
            "entities", wanted.entities,
        ),
        "client = any(cast(:clients AS text[]))": ("clients", wanted.clients),
        "fhir_user = any(cast(:users AS text[]))": ("users", wanted.users),
        "action = any(cast(:actions AS text[]))": ("actions", wanted.actions),
        "number < :before": ("before", wanted.before),
    }  # fmt: skip
    for place, (first, last) in enumerate(wanted.moments):
        bound[f"recorded_at >= :first{place}"] = (f"first{place}", first)
        bound[f"recorded_at < :last{place}"] = (f"last{place}", last)
    kept = {condition: each for condition, each in bound.items() if each[1] is not None}
    return list(kept), {
        name: list(value) if isinstance(value, Sequence) else value for name, value in kept.values()
    }


def recorded(row: Row[Any]) -> Recorded:
    """A row as an event."""
    number, recorded_at, interaction, status, request_id, *rest = tuple[Any, ...](row)
    client, user, patients, resources, query = rest
    access = Access(
        interaction, status, request_id, client, user, tuple(patients), tuple(resources), query
    )
    return Recorded(number, recorded_at.astimezone(UTC), access)
