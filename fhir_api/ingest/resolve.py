"""Which stored resource each entry is about, and what conditional references stand for.

https://hl7.org/fhir/R4/http.html#ccreate and https://hl7.org/fhir/R4/http.html#trules
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from fhir_api.access.caller import Limit
from fhir_api.bundles.conditional import Criteria, Token, tokens_of
from fhir_api.bundles.entry import Entry
from fhir_api.errors import (
    FhirError,
    InvalidRequest,
    PreconditionFailed,
    ReferenceNotResolved,
    ResourceNotFound,
)
from fhir_api.ingest.matches import Answer, Limits, matches, within
from fhir_api.ingest.parts import Parts
from fhir_api.ingest.plan import Conditional, Plan
from fhir_api.ingest.results import Key
from fhir_api.store.unit import UnitOfWork
from privacy.pseudonyms import pseudonym


@dataclass(slots=True)
class Resolution:
    """What the entries of a plan stand for.

    Attributes:
        where: Type and pseudonym of the resource that each entry is about.
        existing: Conditional creates that found a resource; nothing is written there.
        nothing: Conditional deletes that found nothing.
        made: Conditional updates that found nothing; they create.
        references: `Type/pseudonym` for references as they stand in the resources.
        late: Conditional references that are searched for when the others have been written.
    """

    where: dict[int, Key]
    existing: set[int] = field(default_factory=set)
    nothing: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    late: list[Conditional] = field(default_factory=list)

    def takes(self, index: int, found: str, plan: Plan) -> None:
        """An entry is about a resource that was found; references to it follow."""
        kind = plan.entries[index].resource_type
        self.where[index] = (kind, found)
        self.references["/".join(plan.keys[index])] = f"{kind}/{found}"

    def writes(self, entry: Entry) -> bool:
        """Whether the entry leads to a new version of its resource."""
        return entry.method in {"POST", "PUT", "PATCH"} and entry.index not in self.existing


def resolve(plan: Plan, unit: UnitOfWork, parts: Parts) -> Resolution:
    """Look up what the plan needs; entries whose question has no single answer fail in the plan.

    Criteria are locked first, so that of many equal requests at the same moment one creates and
    the others find.
    """
    asked = {each.index: plan.criteria[each.index] for each in plan.standing()
             if each.index in plan.criteria}  # fmt: skip
    unit.lock_tokens({lock for each in asked.values() for lock in each.locks(parts.keys)})
    resolution = Resolution(dict(plan.where))
    deletions = plan.standing("DELETE")
    found = matches(asked, unit, parts, 2 + len(deletions), plan.limits)
    settle_deletions(deletions, found, plan, resolution)
    gone = {key for each in plan.standing("DELETE") if (key := resolution.where.get(each.index))}
    settle_creates(plan, found, gone, resolution)
    settle_changes(plan, found, resolution, parts)
    settle_references(plan, resolution, unit, parts)
    return resolution


def settle_deletions(
    deletions: Collection[Entry], found: Mapping[int, Answer], plan: Plan, resolution: Resolution
) -> None:
    """A conditional delete ends the one resource found; none is no error."""
    for entry in deletions:
        if entry.index in found and (ids := several(entry, found, plan)) is not None:
            if ids:
                resolution.where[entry.index] = (entry.resource_type, ids[0])
            else:
                resolution.nothing.add(entry.index)


def several(entry: Entry, found: Mapping[int, Answer], plan: Plan) -> list[str] | None:
    """What an entry's criteria match, none or one; otherwise the entry fails."""
    answer = found[entry.index]
    if isinstance(answer, FhirError):
        answer.expression = entry.query_path
        plan.fail(entry.index, answer)
        return None
    if len(answer) > 1:
        plan.fail(entry.index, ambiguous(entry))
        return None
    return answer


def ambiguous(entry: Entry) -> FhirError:
    """The refusal of criteria that match more than one resource."""
    path = entry.query_path
    message = f"{path} matches more than one {entry.resource_type}; ask for more, or name an id."
    return PreconditionFailed(message, path)


def settle_creates(
    plan: Plan, found: Mapping[int, Answer], gone: Collection[Key], resolution: Resolution
) -> None:
    """For each `ifNoneExist`: create, take what is there or an earlier entry makes, or refuse.

    What the same transaction deletes is no match, for deletions come first.
    """
    made: dict[Criteria, str] = {}
    for entry in plan.standing("POST"):
        if entry.index not in found:
            continue
        answer = found[entry.index]
        if isinstance(answer, list):
            kind = entry.resource_type
            answer = [each for each in answer if (kind, each) not in gone]
        ids = several(entry, {entry.index: answer}, plan)
        criteria = plan.criteria[entry.index]
        if ids is None:
            continue
        ids = ids or [made[criteria]] if criteria in made else ids
        if ids:
            resolution.existing.add(entry.index)
            resolution.takes(entry.index, ids[0], plan)
        else:
            made[criteria] = resolution.where[entry.index][1]


def settle_changes(
    plan: Plan, found: Mapping[int, Answer], resolution: Resolution, parts: Parts
) -> None:
    """Conditional updates and patches change the one resource found; an update may create."""
    for entry in plan.standing("PUT", "PATCH"):
        ids = several(entry, found, plan) if entry.index in found else None
        if ids is None:
            continue
        if entry.method == "PATCH":
            settle_patch(entry, ids, plan, resolution)
        elif not ids:
            resolution.made.add(entry.index)
        elif (
            entry.id is not None and pseudonym(parts.keys, entry.resource_type, entry.id) != ids[0]
        ):
            path = f"{entry.resource_path}.id"
            message = f"{path} is not the id of the resource that matches; leave it out."
            plan.fail(entry.index, InvalidRequest(message, path))
        else:
            resolution.takes(entry.index, ids[0], plan)


def settle_patch(entry: Entry, ids: list[str], plan: Plan, resolution: Resolution) -> None:
    """A patch needs a resource."""
    if ids:
        resolution.where[entry.index] = (entry.resource_type, ids[0])
        return
    error = ResourceNotFound(entry.resource_type)
    error.expression = entry.query_path
    plan.fail(entry.index, error)


def settle_references(plan: Plan, resolution: Resolution, unit: UnitOfWork, parts: Parts) -> None:
    """What each conditional reference stands for once the entries have been written.

    Tokens are known before the write: those of the store, without the resources that the entries
    replace or end, and those of the entries.
    """
    standing = [each for each in plan.conditionals if each.index not in plan.failures]
    by_token = {each: token for each in standing if (token := each.criteria.token(parts.keys))}
    resolution.late = [each for each in standing if each not in by_token]
    known = unit.find_by_tokens(set(by_token.values()))
    named = {each: (token[0], known.get(token, ())) for each, token in by_token.items()}
    stored = within(named, reference_limits(plan, named), unit, parts)
    replaced = {
        resolution.where[each.index]
        for each in plan.standing("POST", "PUT", "DELETE")
        if each.index in resolution.where and each.index not in resolution.existing
    }
    sent = sent_tokens(plan, {token[0] for token in by_token.values()}, resolution, parts)
    for each, token in by_token.items():
        kept = {id_ for id_ in stored[each] if (token[0], id_) not in replaced}
        settle_reference(each, plan, kept | set(sent.get(token, ())), resolution)


def reference_limits(plan: Plan, asking: Iterable[Conditional]) -> dict[Conditional, Limits]:
    """Where the targets of conditional references must lie: with the patients of their entry."""
    found = {
        each: tuple(Limit(held.patient) for held in plan.limits.get(each.index, ()) if held.patient)
        for each in asking
    }
    return {each: limits for each, limits in found.items() if limits}


def sent_tokens(
    plan: Plan, types: Collection[str], resolution: Resolution, parts: Parts
) -> dict[Token, list[str]]:
    """Identifiers of the entries that will be written, for references inside one Bundle."""
    sent: dict[Token, list[str]] = defaultdict(list)
    for entry in plan.standing("POST", "PUT"):
        if entry.resource_type in types and resolution.writes(entry):
            for token in tokens_of(entry.resource or {}, parts.keys):
                sent[token].append(resolution.where[entry.index][1])
    return sent


def settle_reference(
    each: Conditional, plan: Plan, found: Collection[str], resolution: Resolution
) -> None:
    """A conditional reference stands for the one resource found, or its entry fails."""
    kind = each.criteria.resource_type
    if len(found) == 1:
        resolution.references[each.reference] = f"{kind}/{next(iter(found))}"
    else:
        names = each.criteria.names
        plan.fail(each.index, ReferenceNotResolved(each.path, kind, len(found), names))


def settle_late(plan: Plan, resolution: Resolution, unit: UnitOfWork, parts: Parts) -> None:
    """Search for the conditional references that are no single identifier."""
    late = {each: each.criteria for each in resolution.late}
    found = matches(late, unit, parts, limits=reference_limits(plan, late))
    for each, answer in found.items():
        if isinstance(answer, FhirError):
            answer.expression = each.path
            plan.fail(each.index, answer)
        else:
            settle_reference(each, plan, answer, resolution)
