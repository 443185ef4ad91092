"""Who may subscribe to what, and what their notifications may tell."""

from fhir_api.access.caller import Caller, Interaction
from fhir_api.errors import Forbidden
from fhir_api.subscriptions.definition import Content
from fhir_api.subscriptions.records import Owner
from fhir_api.subscriptions.topics import Topic
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

SUBSCRIPTION = "Subscription"


def demand(caller: Caller, interaction: Interaction) -> None:
    """Raise Forbidden unless the caller may do this with subscriptions.

    A grant limited by search parameters does not reach: none of them is asked of a subscription.
    """
    limits = caller.limits(interaction, SUBSCRIPTION)
    if limits and all(each.query for each in limits):
        raise Forbidden(interaction, SUBSCRIPTION)


def owner_for(caller: Caller, topic: Topic, keys: SiteKeys) -> Owner:
    """Whose a subscription to a topic will be.

    Raises Forbidden when the caller may not read what the topic tells of, or only what matches
    search parameters, which nobody asks of an event.
    """
    limits = caller.limits("read", topic.resource)
    open_patients = [each.patient for each in limits if each.patient and not each.query]
    if limits and not open_patients:
        raise Forbidden("read", topic.resource)
    patients = tuple(pseudonym(keys, "Patient", each) for each in open_patients)
    return Owner(caller.client, caller.identified, patients if limits else None)


def is_open(owner: Owner, caller: Caller, interaction: Interaction, keys: SiteKeys) -> bool:
    """Whether a subscription of the caller's client is open to the caller as well.

    One app serves many users: who is limited to patients has no business with subscriptions that
    tell of others.
    """
    limits = caller.limits(interaction, SUBSCRIPTION)
    mine = {pseudonym(keys, "Patient", each.patient) for each in limits if each.patient}
    return not limits or (owner.patients is not None and mine.issuperset(owner.patients))


def why_not(content: Content, owner: Owner) -> str | None:
    """Why a subscriber may not have a content, or None.

    A resource that is pushed is read without a token and without a line in the audit trail for the
    one who reads it. So it goes only to a subscriber who may read all of it under real ids.
    """
    if content != "full-resource":
        return None
    if not owner.identified:
        return "Full resources go to identified callers alone; ask for id-only and read them."
    if owner.patients is not None:
        return "Full resources go to callers without limits; ask for id-only and read them."
    return None
