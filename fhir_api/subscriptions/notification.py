"""Notification Bundles: what is posted to a subscriber, and what `$events` and `$status` answer.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
The same events give the same ids, so that a redelivery can be told by Bundle.id as well as by the
event numbers.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fhir_api.reidentify import Presenter
from fhir_api.subscriptions.records import Event, Held

PROFILE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-"
ERRORS = "http://terminology.hl7.org/CodeSystem/subscription-error"
NAMES = uuid.UUID("6a4d4e6e-6f6d-5577-8172-642e68656c70")
Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a notification tells.

    Attributes:
        kind: Why it is sent.
        events: In order of their numbers.
        content: `empty`, `id-only` or `full-resource`.
        bodies: Resources by `Type/pseudonym/version`, as the subscriber sees them; for
            `full-resource` only.
    """

    kind: Kind
    events: Sequence[Event] = ()
    content: str = "empty"
    bodies: Mapping[str, Resource] | None = None


class Notifier:
    """Writes notifications for one subscriber.

    Args:
        base: Address of the FHIR API as subscribers reach it.
        presenter: Gives the ids that the subscriber may see.
    """

    def __init__(self, base: str, presenter: Presenter) -> None:
        self.base = base
        self.presenter = presenter

    def bundle(self, held: Held, told: Told, now: datetime) -> Resource:
        """A notification Bundle."""
        shown = told.events if told.content != "empty" else ()
        self.presenter.learn([each.name for each in shown])
        numbers = [str(each.number) for each in told.events]
        id_ = str(uuid.uuid5(NAMES, "\0".join((held.id, told.kind, *(numbers or [stamp(now)])))))
        return {
            "resourceType": "Bundle",
            "id": id_,
            "meta": {"profile": [PROFILE + "notification-r4"]},
            "type": "history",
            "timestamp": stamp(now),
            "entry": [self.status_entry(held, told, id_), *(self.focus(e, told) for e in shown)],
        }

    def status_entry(self, held: Held, told: Told, id_: str) -> Resource:
        """The first entry: where the subscription stands."""
        return {
            "fullUrl": f"urn:uuid:{id_}",
            "resource": {**self.status(held, told), "id": id_},
            "request": {"method": "GET", "url": f"{self.url(held)}/$status"},
            "response": {"status": "200"},
        }

    def status(self, held: Held, told: Told) -> Resource:
        """Parameters of the subscription-status profile."""
        parameters = [
            {"name": "subscription", "valueReference": {"reference": self.url(held)}},
            {"name": "topic", "valueCanonical": held.definition.topic},
            {"name": "status", "valueCode": held.status},
            {"name": "type", "valueCode": told.kind},
            {"name": "events-since-subscription-start", "valueString": str(held.events)},
            *(self.event(each, told) for each in told.events),
            *problems(held),
        ]
        profile = {"profile": [PROFILE + "status-r4"]}
        return {"resourceType": "Parameters", "meta": profile, "parameter": parameters}

    def event(self, event: Event, told: Told) -> Resource:
        """One event; its focus only where the content says more than that it happened."""
        reference = {"reference": f"{self.base}/{self.presenter.name(event.name)}"}
        focus = [{"name": "focus", "valueReference": reference}]
        return {
            "name": "notification-event",
            "part": [
                {"name": "event-number", "valueString": str(event.number)},
                {"name": "timestamp", "valueInstant": stamp(event.occurred_at)},
                *(focus if told.content != "empty" else ()),
            ],
        }

    def focus(self, event: Event, told: Told) -> Resource:
        """The entry of a focus: its address, and the resource where all of it is told."""
        name = self.presenter.name(event.name)
        created = event.version == 1
        asked = {"method": "POST", "url": event.resource_type}
        entry = {
            "fullUrl": f"{self.base}/{name}",
            "request": asked if created else {"method": "PUT", "url": name},
            "response": {"status": "201" if created else "200"},
        }
        body = (told.bodies or {}).get(f"{event.name}/{event.version}")
        return entry if body is None else entry | {"resource": body}

    def url(self, held: Held) -> str:
        """Address of the subscription."""
        return f"{self.base}/Subscription/{held.id}"


def problems(held: Held) -> list[Resource]:
    """What went wrong last, for a subscription that has a problem."""
    if held.problem is None:
        return []
    concept = {"coding": [{"system": ERRORS, "code": "no-response"}], "text": held.problem}
    return [{"name": "error", "valueCodeableConcept": concept}]


def stamp(moment: datetime) -> str:
    """A UTC moment as a FHIR instant."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
