"""Subscriptions and their events in Postgres: made, read, changed and ended by the client.

A subscription is read by its owner only; to everybody else it is not there.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from fhir_api.errors import NotSupported, PreconditionFailed, ResourceNotFound
from fhir_api.json_text import dump
from fhir_api.subscriptions.definition import Definition
from fhir_api.subscriptions.filters import Filter
from fhir_api.subscriptions.records import Event, Held, Owner
from fhir_api.subscriptions.seal import Seal
from privacy.keys import SiteKeys

DEFINED = (
    "client", "identified", "patients", "updated_at", "status", "topic", "filters", "endpoint",
    "sealed", "content", "payload", "heartbeat_s", "timeout_s", "max_count", "ends_at",
)  # fmt: skip
CASTS = {"filters": "cast(:filters AS jsonb)", "status": "cast(:status AS text)"}
BOUND = {name: CASTS.get(name, f":{name}") for name in DEFINED}
CREATE = text(f"""
    INSERT INTO subscription (site, subscription_id, version, events, delivered, attempts,
                              next_attempt_at, {", ".join(DEFINED)})
    VALUES (:site, :id, 1, 0, 0, 0, :updated_at, {", ".join(BOUND.values())})
    RETURNING *
""")
UPDATE = text(f"""
    UPDATE subscription
    SET {", ".join(f"{name} = {value}" for name, value in BOUND.items())},
        version = version + 1, attempts = 0, next_attempt_at = :updated_at, problem = NULL,
        leased_until = NULL, lease = NULL,
        from_transaction = CASE WHEN cast(:status AS text) = 'off' THEN NULL
                                ELSE from_transaction END
    WHERE site = :site AND subscription_id = :id
    RETURNING *
""")
REVIVE = text("""
    UPDATE subscription_event SET dead_at = NULL
    WHERE site = :site AND subscription_id = :id AND dead_at IS NOT NULL
""")
MINE = "FROM subscription WHERE site = :site AND client = :client"
LIST = text(f"""
    SELECT * {MINE} AND (cast(:ids AS text[]) IS NULL OR subscription_id = any(:ids))
    ORDER BY subscription_id
""")
LOCK_MINE = text(f"SELECT version {MINE} AND subscription_id = :id FOR UPDATE")
DELETE = text(f"DELETE {MINE} AND subscription_id = :id")
COUNT = text(f"SELECT count(*) {MINE}")
LOCK_CLIENT = text("SELECT pg_advisory_xact_lock(hashtextextended(:named, 0))")
EVENTS = text("""
    SELECT number, resource_type, resource_id, version, patient_id, occurred_at
    FROM subscription_event
    WHERE site = :site AND subscription_id = :id AND number >= :since AND number <= :until
      AND (cast(:patients AS text[]) IS NULL OR patient_id = any(cast(:patients AS text[])))
    ORDER BY number LIMIT :limit
""")


class SubscriptionStore:
    """Subscriptions of one site."""

    def __init__(self, engine: Engine, keys: SiteKeys) -> None:
        self.engine = engine
        self.site = keys.site
        self.seal = Seal(keys)

    def create(self, definition: Definition, owner: Owner, now: datetime, most: int) -> Held:
        """A new subscription; raises NotSupported when the client has `most` already."""
        named = {"site": self.site, "client": owner.client}
        with self.engine.begin() as connection:
            connection.execute(LOCK_CLIENT, {"named": f"subscription {self.site} {owner.client}"})
            if connection.execute(COUNT, named).scalar_one() >= most:
                raise NotSupported(f"You have {most} subscriptions; delete one first.")
            given = self.bound(str(uuid.uuid4()), definition, owner, now)
            return self.held(connection.execute(CREATE, given).one())

    def update(
        self, id_: str, definition: Definition, owner: Owner, now: datetime, if_match: str | None
    ) -> Held:
        """A changed subscription, which shakes hands again; event numbers go on.

        Raises ResourceNotFound, or PreconditionFailed when `if_match` is another version's ETag.
        """
        with self.engine.begin() as connection:
            self.lock(connection, id_, owner.client, if_match)
            connection.execute(REVIVE, {"site": self.site, "id": id_})
            given = self.bound(id_, definition, owner, now)
            return self.held(connection.execute(UPDATE, given).one())

    def lock(self, connection: Connection, id_: str, client: str, if_match: str | None) -> None:
        """Lock a client's subscription, if it is of the version that is named."""
        given = {"site": self.site, "id": id_, "client": client}
        version = connection.execute(LOCK_MINE, given).scalar_one_or_none()
        if version is None:
            raise ResourceNotFound("Subscription")
        if if_match is not None and if_match.removeprefix("W/").strip('"') not in {
            str(version),
            "*",
        }:
            raise PreconditionFailed("If-Match names another version than the newest.", "If-Match")

    def of_client(self, client: str, ids: Collection[str] | None = None) -> list[Held]:
        """A client's subscriptions, or those of them that are named."""
        given = {"site": self.site, "client": client, "ids": None if ids is None else sorted(ids)}
        with self.engine.connect() as connection:
            return [self.held(row) for row in connection.execute(LIST, given)]

    def delete(self, id_: str, client: str) -> None:
        """End a client's subscription and forget its events; one that is not there is gone."""
        with self.engine.begin() as connection:
            connection.execute(DELETE, {"site": self.site, "id": id_, "client": client})

    def events(
        self, held: Held, numbers: tuple[int, int], limit: int, patients: tuple[str, ...] | None
    ) -> list[Event]:
        """Events by number, first and last of them included; of some patients only, if given."""
        given = {
            "site": self.site,
            "id": held.id,
            "since": numbers[0],
            "until": numbers[1],
            "limit": limit,
            "patients": None if patients is None else list(patients),
        }
        with self.engine.connect() as connection:
            return [event_of(row) for row in connection.execute(EVENTS, given)]

    def bound(
        self, id_: str, definition: Definition, owner: Owner, now: datetime
    ) -> Mapping[str, Any]:
        """What CREATE and UPDATE are bound to."""
        return {
            "site": self.site,
            "id": id_,
            "client": owner.client,
            "identified": owner.identified,
            "patients": None if owner.patients is None else list(owner.patients),
            "updated_at": now,
            "status": definition.wanted,
            "topic": definition.topic,
            "filters": dump([[each.name, each.wanted] for each in definition.filters]).decode(),
            "endpoint": definition.endpoint,
            "sealed": self.seal.close(id_, definition.secrets),
            "content": definition.content,
            "payload": definition.payload,
            "heartbeat_s": definition.heartbeat_s,
            "timeout_s": definition.timeout_s,
            "max_count": definition.max_count,
            "ends_at": definition.ends_at,
        }

    def held(self, row: Row[Any]) -> Held:
        """A row of the table as a record."""
        return Held(
            row.subscription_id,
            owner_of(row),
            self.definition(row),
            row.version,
            row.updated_at.astimezone(UTC),
            row.status,
            row.events,
            row.delivered,
            row.attempts,
            utc(row.last_contact_at),
            row.problem,
            row.lease,
        )

    def definition(self, row: Row[Any]) -> Definition:
        """What a row asks for, its secrets opened."""
        return Definition(
            row.topic,
            filters_of(row.filters),
            row.endpoint,
            self.seal.open(row.subscription_id, bytes(row.sealed)),
            row.content,
            row.payload,
            row.heartbeat_s,
            row.timeout_s,
            row.max_count,
            utc(row.ends_at),
            "off" if row.status == "off" else "requested",
        )


def owner_of(row: Row[Any]) -> Owner:
    """Whose a row is."""
    patients = None if row.patients is None else tuple(row.patients)
    return Owner(row.client, row.identified, patients)


def filters_of(stored: list[Any]) -> tuple[Filter, ...]:
    """Filters as they are stored."""
    return tuple(Filter(name, tuple(wanted)) for name, wanted in stored)


def event_of(row: Row[Any]) -> Event:
    """A row of EVENTS as a record."""
    number, kind, id_, version, patient_id, occurred_at = tuple[Any, ...](row)
    return Event(number, kind, id_, version, patient_id, occurred_at.astimezone(UTC))


def utc(moment: datetime | None) -> datetime | None:
    """A moment of any zone in UTC."""
    return None if moment is None else moment.astimezone(UTC)
