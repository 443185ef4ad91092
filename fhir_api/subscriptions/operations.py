"""The operations of the backport: `$status` of subscriptions, `$events` that have been.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/operations.html
`$get-ws-binding-token` is not offered: there is no websocket channel.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from fhir_api.errors import InvalidRequest
from fhir_api.subscriptions.access import why_not
from fhir_api.subscriptions.content import bodies_of
from fhir_api.subscriptions.definition import CONTENTS, Content
from fhir_api.subscriptions.notification import Notifier, Resource, Told
from fhir_api.subscriptions.records import Held, Owner
from fhir_api.subscriptions.repository import SubscriptionStore

MOST_EVENTS = 1000
LARGEST_NUMBER = 2**63 - 1
LONGEST_NUMBER = 18  # digits


def status_bundle(found: Sequence[Held], notifier: Notifier) -> Resource:
    """A searchset with the status of each subscription."""
    entries = [
        {
            "fullUrl": f"{notifier.url(held)}/$status",
            "resource": {**notifier.status(held, Told("query-status")), "id": held.id},
            "search": {"mode": "match"},
        }
        for held in found
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        **({"entry": entries} if entries else {}),
    }


def with_status(found: Sequence[Held], statuses: Collection[str]) -> list[Held]:
    """Those of the subscriptions that have one of the statuses; all of them when none is named."""
    return [held for held in found if not statuses or held.status in statuses]


class PastEvents:
    """Answers `$events` for one caller.

    Args:
        store: Where the events are.
        notifier: Writes as the caller may see.
        owner: What the caller may see now, whatever it was when the subscription was made.
    """

    def __init__(self, store: SubscriptionStore, notifier: Notifier, owner: Owner) -> None:
        self.store = store
        self.notifier = notifier
        self.owner = owner

    def bundle(self, held: Held, asked: dict[str, str], now: datetime) -> Resource:
        """A Bundle of events, 1,000 at most; the caller goes on after the last number it got."""
        numbers = (
            number_of(asked, "eventsSinceNumber", 1),
            number_of(asked, "eventsUntilNumber", LARGEST_NUMBER),
        )
        content = self.content(held, asked.get("content"))
        events = self.store.events(held, numbers, MOST_EVENTS, self.owner.patients)
        bodies = bodies_of(self.store, events, self.notifier.presenter, content)
        return self.notifier.bundle(held, Told("query-event", events, content, bodies), now)

    def content(self, held: Held, hint: str | None) -> Content:
        """The content asked for where the caller may have it, or that of the subscription."""
        if hint is not None and hint not in CONTENTS:
            raise InvalidRequest("content must be empty, id-only or full-resource.", "content")
        content = CONTENTS[hint] if hint else held.definition.content
        return "id-only" if why_not(content, self.owner) else content


def number_of(asked: dict[str, str], name: str, usual: int) -> int:
    """An event number of the request; raises InvalidRequest when it is none."""
    given = asked.get(name)
    if given is None:
        return usual
    if not (given.isascii() and given.isdigit() and len(given) <= LONGEST_NUMBER):
        raise InvalidRequest(f"{name} must be a whole number.", name)
    return int(given)


def parameters_of(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of the Parameters that an operation is posted."""
    if resource.get("resourceType") != "Parameters":
        raise InvalidRequest("Post Parameters to an operation.", "resourceType")
    found = []
    for each in resource.get("parameter", []):
        values = [value for key, value in each.items() if key.startswith("value")]
        found += [(str(each.get("name")), str(value)) for value in values[:1]]
    return found
