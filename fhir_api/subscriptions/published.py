"""Topics and conformance as clients read them.

R4 has no SubscriptionTopic: each topic is a Basic with the elements of R5 as extensions, and its
canonical URL stands in the CapabilityStatement.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics-in-fhir-r4
"""

from typing import Any

from fhir_api.subscriptions.definition import PROFILE
from fhir_api.subscriptions.topics import Topic, Topics

R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
TOPIC = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)
OPERATION = (
    "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-"
)
INTERACTIONS = ("create", "read", "update", "delete", "search-type")
SEARCHED = {"_id": "token", "criteria": "string", "status": "token", "url": "uri"}
Resource = dict[str, Any]


def capability(topics: Topics) -> Resource:
    """`CapabilityStatement.rest.resource` of Subscription."""
    return {
        "extension": [{"url": TOPIC, "valueCanonical": url} for url in sorted(topics)],
        "type": "Subscription",
        "supportedProfile": [PROFILE],
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": False,
        "updateCreate": False,
        "conditionalRead": "not-supported",
        "searchParam": [{"name": name, "type": kind} for name, kind in SEARCHED.items()],
        "operation": [
            {"name": name, "definition": OPERATION + name} for name in ("status", "events")
        ],
    }


def topic_bundle(topics: Topics, base: str) -> Resource:
    """A searchset of all topics."""
    entries = [
        {
            "fullUrl": f"{base}/SubscriptionTopic/{topic.name}",
            "resource": as_basic(topic),
            "search": {"mode": "match"},
        }
        for _, topic in sorted(topics.items())
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "entry": entries,
    }


def as_basic(topic: Topic) -> Resource:
    """A topic as a Basic."""
    return {
        "resourceType": "Basic",
        "id": topic.name,
        "extension": [
            {"url": R5 + "url", "valueUri": topic.url},
            {"url": R5 + "title", "valueString": topic.title},
            {"url": R5 + "status", "valueCode": "active"},
            {"url": R5 + "description", "valueMarkdown": topic.description},
            trigger(topic),
            *(can_filter(topic, name) for name in topic.filters),
        ],
        "code": {
            "coding": [{"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}]
        },
    }


def trigger(topic: Topic) -> Resource:
    """`SubscriptionTopic.resourceTrigger`."""
    interactions = [
        {"url": "supportedInteraction", "valueCode": code} for code in topic.interactions
    ]
    resource = {"url": "resource", "valueUri": topic.resource}
    return {"url": R5 + "resourceTrigger", "extension": [resource, *interactions]}


def can_filter(topic: Topic, name: str) -> Resource:
    """`SubscriptionTopic.canFilterBy`."""
    parts = [
        {"url": "resource", "valueUri": topic.resource},
        {"url": "filterParameter", "valueString": name},
    ]
    return {"url": R5 + "canFilterBy", "extension": parts}
