"""From the change feed to the outbox: which changes are events of which subscriptions.

Events, their numbers and the position of the feed are written in one transaction. A crash before
its commit leaves nothing of it, a crash after it leaves all of it: no event is lost, none is
numbered twice, and the numbers of a subscription have no gaps.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from fhir_api.store.feed import Change, VersionKey, any_newer, changes, versions, watermark
from fhir_api.store.positions import begin, lock_position, move, read_position
from fhir_api.store.records import FeedPosition, StoredResource
from fhir_api.subscriptions.filters import Filter
from fhir_api.subscriptions.repository import filters_of, utc
from fhir_api.subscriptions.topics import Topic, Topics

CONSUMER = "subscriptions"
MOST = 500  # changes in one transaction
LISTENING = text("""
    SELECT subscription_id, topic, filters, patients, events, ends_at,
           from_transaction::text::bigint AS from_transaction
    FROM subscription
    WHERE site = :site AND status <> 'off' AND from_transaction IS NOT NULL
      AND topic = any(:topics)
    ORDER BY subscription_id
    FOR NO KEY UPDATE
""")
ADD = text("""
    INSERT INTO subscription_event (site, subscription_id, number, resource_type, resource_id,
                                    version, patient_id, occurred_at)
    SELECT :site, * FROM unnest(
        cast(:subscriptions AS text[]), cast(:numbers AS bigint[]), cast(:types AS text[]),
        cast(:ids AS text[]), cast(:versions AS int[]), cast(:patients AS text[]),
        cast(:moments AS timestamptz[]))
""")
COUNT = text("""
    UPDATE subscription s SET events = w.events
    FROM unnest(cast(:subscriptions AS text[]), cast(:events AS bigint[]))
         AS w(subscription_id, events)
    WHERE s.site = :site AND s.subscription_id = w.subscription_id
""")
Happened = tuple[Topic, Change]


@dataclass(frozen=True, slots=True)
class Listener:
    """A subscription as the outbox needs it.

    Attributes:
        id: Of the subscription.
        topic: Canonical URL.
        filters: All of them must pass.
        patients: Pseudonyms of those the client may see; None for everybody.
        from_transaction: Earlier changes are no events.
        ends_at: UTC; later changes are none either.
        events: Number of the newest event.
    """

    id: str
    topic: str
    filters: tuple[Filter, ...]
    patients: frozenset[str] | None
    from_transaction: int
    ends_at: datetime | None
    events: int

    def hears(self, topic: Topic, change: Change) -> bool:
        """Whether an event of a topic is an event of this subscription."""
        return (
            self.topic == topic.url
            and change.position.transaction_id >= self.from_transaction
            and (self.ends_at is None or change.recorded_at < self.ends_at)
            and (self.patients is None or change.patient_id in self.patients)
            and self.passes(topic, change.body or {})
        )

    def passes(self, topic: Topic, body: Mapping[str, Any]) -> bool:
        """Whether every filter lets a resource through; one no longer served lets none."""
        return all(
            each.name in topic.filters and each.passes(topic.filters[each.name], body)
            for each in self.filters
        )


def fill_outbox(engine: Engine, site: str, topics: Topics, most: int = MOST) -> int | None:
    """Turn the next changes of the feed into events.

    How many events were written; None when there was nothing to read, or another worker reads. The
    first call of a site begins the feed where it is: what was stored before is no news.
    """
    with engine.connect() as connection:
        at = read_position(connection, site, CONSUMER)
    if at is not None and not any_newer(engine, site, at):
        return None
    with engine.begin() as connection:
        if at is None:
            begin(connection, site, CONSUMER, watermark(connection))
        locked = lock_position(connection, site, CONSUMER)
        return None if locked is None else read_on(connection, site, locked, topics, most)


def read_on(connection: Connection, site: str, at: FeedPosition, topics: Topics, most: int) -> int:
    """Write the events of the changes after a locked position, and move the position."""
    until = watermark(connection)
    types = {topic.resource for topic in topics.values()}
    found = changes(connection, site, at, until, types, most)
    written = write_events(connection, site, happened(connection, site, found, topics))
    move(connection, site, CONSUMER, found[-1].position if len(found) == most else until)
    return written


def happened(
    connection: Connection, site: str, found: Sequence[Change], topics: Topics
) -> list[Happened]:
    """The changes that are events of a topic; previous versions are read with one statement."""
    concerned = [
        (topic, change) for change in found for topic in topics.values() if topic.concerns(change)
    ]
    asked = [previous(change.key) for topic, change in concerned if topic.transition]
    before = versions(connection, site, [key for key in asked if key[2] > 0])
    return [
        (topic, change)
        for topic, change in concerned
        if topic.is_event(change, body_before(change, before))
    ]


def body_before(
    change: Change, before: Mapping[VersionKey, StoredResource]
) -> Mapping[str, Any] | None:
    """The body of the version before a change; None when it is the first, or after a deletion."""
    found = before.get(previous(change.key))
    return None if found is None or found.deleted else found.body


def previous(key: VersionKey) -> VersionKey:
    """The version before a version."""
    return key[0], key[1], key[2] - 1


def write_events(connection: Connection, site: str, events: Sequence[Happened]) -> int:
    """Number the events of each subscription that hears them and add them to the outbox."""
    if not events:
        return 0
    given = {"site": site, "topics": sorted({topic.url for topic, _ in events})}
    listeners = [listener_of(row) for row in connection.execute(LISTENING, given)]
    heard = {
        each: [change for topic, change in events if each.hears(topic, change)]
        for each in listeners
    }
    lines = [
        (each.id, number, change)
        for each, found in heard.items()
        for number, change in enumerate(found, each.events + 1)
    ]
    if lines:
        add(connection, site, lines)
    return len(lines)


def add(connection: Connection, site: str, lines: Sequence[tuple[str, int, Change]]) -> None:
    """Two statements, however many events there are."""
    counts: dict[str, int] = defaultdict(int)
    for id_, number, _ in lines:
        counts[id_] = max(counts[id_], number)
    changed = [change for _, _, change in lines]
    given = {
        "site": site,
        "subscriptions": [id_ for id_, _, _ in lines],
        "numbers": [number for _, number, _ in lines],
        "types": [change.resource_type for change in changed],
        "ids": [change.resource_id for change in changed],
        "versions": [change.version for change in changed],
        "patients": [change.patient_id for change in changed],
        "moments": [change.recorded_at for change in changed],
    }
    connection.execute(ADD, given)
    named = {"site": site, "subscriptions": list(counts), "events": list(counts.values())}
    connection.execute(COUNT, named)


def listener_of(row: Row[Any]) -> Listener:
    """A row of LISTENING as a record."""
    return Listener(
        row.subscription_id,
        row.topic,
        filters_of(row.filters),
        None if row.patients is None else frozenset(row.patients),
        row.from_transaction,
        utc(row.ends_at),
        row.events,
    )
