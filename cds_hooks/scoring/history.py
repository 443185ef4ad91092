"""All events of one patient: the stored history, what came since, and what prefetch brought.

A newer version of a resource replaces all events of the older one. Prefetch comes last: it is
what the client's record says at this moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from etl.events.event import Event
from etl.events.extract import EXTRACTORS, events_of
from etl.events.table import merge
from etl.notes.text import NOTE_TYPES, note_key, note_texts
from etl.online import load_patient
from fhir_api.store.records import FeedPosition
from fhir_api.store.repository import ResourceStore

Body = Mapping[str, Any]
ResourceKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a patient, under pseudonyms and on the patient's shifted clock.

    Attributes:
        events: Canonical.
        watermark: Of the online row it began with; None when there was none.
        texts: Scrubbed note texts among the resources that are newer than the row, by key.
    """

    events: list[Event]
    watermark: int | None
    texts: Mapping[str, str]

    def resources(self) -> set[ResourceKey]:
        """Type and id of every resource that said something."""
        return {(event.resource_type, event.resource_id) for event in self.events}


def gather(engine: Engine, store: ResourceStore, patient_id: str, sent: Iterable[Body]) -> History:
    """Join the store's knowledge of a patient with the clean resources `sent` by this call.

    Only the types that say something are read: not our own assessments of earlier calls.

    Args:
        engine: Of the database with the online rows.
        store: Of the site.
        patient_id: Pseudonym.
        sent: De-identified resources of the prefetch.
    """
    row = load_patient(engine, store.site, patient_id)
    after = FeedPosition(row.watermark) if row else None
    stored = store.patient_resources(patient_id, after=after, types=EXTRACTORS)
    replaced = {(each.resource_type, each.resource_id): each.body for each in stored}
    replaced |= {(body["resourceType"], body["id"]): body for body in sent}
    bodies = [body for body in replaced.values() if body]  # a deleted resource has none
    events = [event for body in bodies for event in events_of(body)]
    return History(
        events=merge(row.events if row else (), events, replaced),
        watermark=row.watermark if row else None,
        texts=dict(_texts(bodies)),
    )


def _texts(bodies: Iterable[Body]) -> Iterable[tuple[str, str]]:
    for body in bodies:
        if body["resourceType"] in NOTE_TYPES:
            yield from ((note_key(text), text) for text in note_texts(body))
