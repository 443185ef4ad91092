"""Entries about one resource: in a transaction no order would be right, so all of it is refused.

https://hl7.org/fhir/R4/http.html#trules. Resources found by a query count like those named by id.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from fhir_api.bundles.conditional import Token
from fhir_api.bundles.entry import Entry
from fhir_api.errors import IdTaken, InvalidRequest
from fhir_api.ingest.parts import Parts
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.resolve import Resolution, sent_tokens
from fhir_api.ingest.results import Key


def refuse_overlap(plan: Plan, resolution: Resolution, parts: Parts) -> None:
    """Refuse entries of one resource, and entries that share a fullUrl; no order is right.

    Conditional updates that find nothing are one resource when they ask the same, and what they
    ask for may not be made by another entry.
    """
    identities = {
        entry.index: identity(entry, plan, resolution)
        for entry in plan.standing("POST", "PUT", "PATCH", "DELETE")
        if entry.index in resolution.where and entry.index not in resolution.existing
    }
    times = Counter(identities.values())
    named = Counter(each.full_url for each in plan.standing("POST", "PUT") if each.full_url)
    sent = sent_tokens(plan, {plan.entries[each].resource_type for each in resolution.made},
                       resolution, parts)  # fmt: skip
    for entry in plan.standing("POST", "PUT", "PATCH", "DELETE"):
        twice = times.get(identities.get(entry.index, ("", "")), 0) > 1
        twice = twice or made_by_another(entry, plan, resolution, sent, parts)
        if twice or (entry.resource is not None and named.get(entry.full_url or "", 0) > 1):
            message = f"{entry.path or 'The entry'} names a resource that another entry names too."
            plan.fail(entry.index, InvalidRequest(message, entry.path or None))


def made_by_another(
    entry: Entry,
    plan: Plan,
    resolution: Resolution,
    sent: Mapping[Token, list[str]],
    parts: Parts,
) -> bool:
    """Whether another entry stores what a conditional update asked for and did not find."""
    if entry.index not in resolution.made:
        return False
    token = plan.criteria[entry.index].token(parts.keys)
    own = resolution.where[entry.index][1]
    return token is not None and any(each != own for each in sent.get(token, ()))


def identity(entry: Entry, plan: Plan, resolution: Resolution) -> Key:
    """What may stand only once."""
    if entry.index in resolution.made:
        return entry.resource_type, plan.criteria[entry.index].query
    return resolution.where[entry.index]


def refuse_taken(plan: Plan, resolution: Resolution, stored: Collection[Key]) -> None:
    """Refuse conditional updates that would create under an id that is stored already."""
    for entry in plan.standing("PUT"):
        taken = entry.id is not None and resolution.where[entry.index] in stored
        if taken and entry.index in resolution.made:
            plan.fail(entry.index, IdTaken(f"{entry.resource_path}.id"))
