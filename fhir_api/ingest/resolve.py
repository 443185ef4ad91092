"""Conditional creates and conditional references, answered from the entries and from the store.

https://hl7.org/fhir/R4/http.html#ccreate and https://hl7.org/fhir/R4/http.html#trules
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_api.bundles.conditional import Token, tokens_of
from fhir_api.errors import PreconditionFailed, ReferenceNotResolved
from fhir_api.ingest.plan import Conditional, Plan
from fhir_api.store.unit import UnitOfWork
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

Matches = Mapping[Token, list[str]]  # pseudonyms that carry an identifier


@dataclass(slots=True)
class Resolution:
    """What the references of a plan stand for.

    Attributes:
        existing: Pseudonym that each conditional create found, by index; nothing is written there.
        references: `Type/pseudonym` for references as they stand in the resources.
    """

    existing: dict[int, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)


def resolve(plan: Plan, unit: UnitOfWork, keys: SiteKeys) -> Resolution:
    """Look up what the plan needs; entries whose question has no single answer fail in the plan.

    Identifiers of conditional creates are locked first, so that of many equal requests at the
    same moment one creates and the others find.
    """
    unit.lock_tokens(plan.creates.values())
    asked = {*plan.creates.values(), *(each.token for each in plan.conditionals)}
    stored = unit.find_by_tokens(asked)
    resolution = Resolution()
    settle_creates(plan, stored, resolution, keys)
    sent = sent_tokens(plan, resolution, keys)
    for each in plan.conditionals:
        settle_reference(each, plan, {*stored.get(each.token, ()), *sent.get(each.token, ())},
                         resolution)  # fmt: skip
    return resolution


def settle_creates(plan: Plan, stored: Matches, resolution: Resolution, keys: SiteKeys) -> None:
    """For each `ifNoneExist`: create, take what is there or an earlier entry makes, or refuse."""
    made: dict[Token, str] = {}
    for index, token in plan.creates.items():
        found = stored.get(token) or ([made[token]] if token in made else [])
        if len(found) > 1:
            path = f"{plan.entries[index].path}.request.ifNoneExist"
            message = f"{path} matches more than one {token[0]}; make its identifier unique."
            plan.fail(index, PreconditionFailed(message, path))
        elif found:
            resolution.existing[index] = found[0]
            resolution.references["/".join(plan.keys[index])] = f"{token[0]}/{found[0]}"
        else:
            made[token] = pseudonym(keys, *plan.keys[index])


def sent_tokens(plan: Plan, resolution: Resolution, keys: SiteKeys) -> dict[Token, list[str]]:
    """Identifiers of the entries that will be written, for references inside one Bundle."""
    wanted = {each.token[0] for each in plan.conditionals}
    sent: dict[Token, list[str]] = defaultdict(list)
    for entry in plan.standing():
        if entry.resource_type not in wanted or entry.index in resolution.existing:
            continue
        for token in tokens_of(entry.resource or {}, keys):
            sent[token].append(pseudonym(keys, *plan.keys[entry.index]))
    return sent


def settle_reference(
    each: Conditional, plan: Plan, found: set[str], resolution: Resolution
) -> None:
    """A conditional reference stands for the one resource found, or its entry fails."""
    if len(found) == 1:
        resolution.references[each.reference] = f"{each.token[0]}/{found.pop()}"
    else:
        error = ReferenceNotResolved(each.path, each.token[0], len(found))
        plan.fail(each.index, error)
