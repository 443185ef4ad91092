"""A stored subscription as the R4 resource that its client reads.

Header values are never given back; references of filters are as the client knows them.
"""

from typing import Any

from fhir_api.reidentify import Presenter
from fhir_api.subscriptions.channel import hidden
from fhir_api.subscriptions.definition import (
    CONTENT,
    FILTER,
    HEARTBEAT,
    MAX_COUNT,
    PROFILE,
    TIMEOUT,
    Definition,
)
from fhir_api.subscriptions.filters import criterion_of
from fhir_api.subscriptions.notification import stamp
from fhir_api.subscriptions.records import Held
from fhir_api.subscriptions.topics import Topics

Resource = dict[str, Any]


def as_resource(held: Held, topics: Topics, presenter: Presenter) -> Resource:
    """The Subscription resource."""
    asked = held.definition
    resource: Resource = {
        "resourceType": "Subscription",
        "id": held.id,
        "meta": {
            "versionId": str(held.version),
            "lastUpdated": stamp(held.updated_at),
            "profile": [PROFILE],
        },
        "status": held.status,
        "contact": list(asked.secrets.contact),
        "end": None if asked.ends_at is None else stamp(asked.ends_at),
        "reason": asked.secrets.reason,
        "criteria": asked.topic,
        "_criteria": criteria(asked, topics, presenter),
        "error": held.problem,
        "channel": channel(asked),
    }
    return {name: value for name, value in resource.items() if value}


def criteria(asked: Definition, topics: Topics, presenter: Presenter) -> Resource | None:
    """The filters as extensions of `criteria`; a topic that is no longer served shows none."""
    topic = topics.get(asked.topic)
    if topic is None:
        return None
    if presenter.identified:
        presenter.real |= asked.secrets.names
    written = criterion_of(asked.filters, topic, presenter)
    return {"extension": [{"url": FILTER, "valueString": written}]} if written else None


def channel(asked: Definition) -> Resource:
    """Where and how notifications are sent."""
    numbers = (
        (HEARTBEAT, "valueUnsignedInt", asked.heartbeat_s),
        (TIMEOUT, "valueUnsignedInt", asked.timeout_s),
        (MAX_COUNT, "valuePositiveInt", asked.max_count),
    )
    extensions = [{"url": url, key: value} for url, key, value in numbers if value is not None]
    made: Resource = {
        "extension": extensions,
        "type": "rest-hook",
        "endpoint": asked.endpoint,
        "payload": asked.payload,
        "_payload": {"extension": [{"url": CONTENT, "valueCode": asked.content}]},
        "header": hidden(asked.secrets.headers),
    }
    return {name: value for name, value in made.items() if value}
