"""What a set of entries comes to, before the database is asked: valid, named, joined.

Failures are kept by entry: a transaction has none or stores nothing, a batch goes on without them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fhir_api.bundles.conditional import Token, query_token, token_of
from fhir_api.bundles.entry import Entry
from fhir_api.bundles.identity import real_id
from fhir_api.bundles.references import base_of, conditional_references, rewrite
from fhir_api.errors import FhirError, InvalidRequest, InvalidResource
from fhir_api.validation.validator import Validator
from privacy.keys import SiteKeys

Key = tuple[str, str]  # resource type, real id


@dataclass(frozen=True, slots=True)
class Conditional:
    """A conditional reference: the entry that holds it, where, how it reads, what it asks for."""

    index: int
    path: str
    reference: str
    token: Token


@dataclass(slots=True)
class Plan:
    """Entries that may be stored, and what must be looked up first.

    Attributes:
        entries: By their index in the Bundle.
        keys: Type and real id of each.
        failures: What is wrong, by index; those entries are out.
        creates: Token of `ifNoneExist` of each conditional create, by index.
        conditionals: Conditional references in the resources.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    failures: dict[int, FhirError] = field(default_factory=dict)
    creates: dict[int, Token] = field(default_factory=dict)
    conditionals: list[Conditional] = field(default_factory=list)

    def copy(self) -> "Plan":
        """The same plan for another attempt, its failures apart from those of this one."""
        return replace(self, failures=dict(self.failures))

    def fail(self, index: int, error: FhirError) -> None:
        """Take an entry out; the first thing wrong with it is the one that is told."""
        self.failures.setdefault(index, error)

    def standing(self) -> list[Entry]:
        """Entries with which nothing is wrong so far, in order."""
        return [entry for index, entry in self.entries.items() if index not in self.failures]


def make_plan(
    read: Sequence[Entry | FhirError], digest: str, validator: Validator, keys: SiteKeys
) -> Plan:
    """Validate entries, give each its id and join their references; resources change in place."""
    plan = Plan()
    for index, entry in enumerate(read):
        if isinstance(entry, FhirError):
            plan.fail(index, entry)
            continue
        plan.entries[index] = entry
        plan.keys[index] = (entry.resource_type, real_id(entry, digest))
        check(entry, validator, plan)
    for entry in join(plan):
        collect_references(entry, keys, plan)
    for entry in plan.standing():
        collect_create(entry, keys, plan)
    return plan


def check(entry: Entry, validator: Validator, plan: Plan) -> None:
    """Refuse an entry whose resource is not R4 or says another id than its URL."""
    if entry.resource is None:
        return
    found = validator.validate(entry.resource, entry.resource_path)
    if found:
        plan.fail(entry.index, InvalidResource(found))
    elif entry.id is not None and entry.resource.get("id", entry.id) != entry.id:
        path = f"{entry.resource_path}.id"
        plan.fail(entry.index, InvalidRequest(f"{path} is not the id that the URL names.", path))


def refuse_twins(plan: Plan) -> None:
    """Refuse entries of one resource, and entries that share a fullUrl; no order is right."""
    identities = Counter(plan.keys[entry.index] for entry in plan.standing())
    named = Counter(entry.full_url for entry in plan.standing() if entry.full_url)
    for entry in plan.standing():
        twice = identities[plan.keys[entry.index]] > 1
        if twice or named.get(entry.full_url or "", 0) > 1:
            message = f"{entry.path or 'The entry'} names a resource that another entry names too."
            plan.fail(entry.index, InvalidRequest(message, entry.path or None))


def join(plan: Plan) -> list[Entry]:
    """Give every resource its id, and every reference to an entry the id of that entry.

    The entries that may hold conditional references are given back.
    """
    names = {
        entry.full_url: "/".join(plan.keys[entry.index])
        for entry in plan.entries.values()
        if entry.full_url
    }
    conditional = []
    for entry in plan.standing():
        if entry.resource is not None:
            entry.resource["id"] = plan.keys[entry.index][1]
            if rewrite(entry.resource, names, base_of(entry.full_url)):
                conditional.append(entry)
    return conditional


def collect_create(entry: Entry, keys: SiteKeys, plan: Plan) -> None:
    """Note what a conditional create asks for."""
    if entry.if_none_exist is None:
        return
    path = f"{entry.path}.request.ifNoneExist" if entry.path else "If-None-Exist"
    query = entry.if_none_exist.rpartition("?")[2]
    try:
        plan.creates[entry.index] = query_token(entry.resource_type, query, path, keys)
    except FhirError as error:
        plan.fail(entry.index, error)


def collect_references(entry: Entry, keys: SiteKeys, plan: Plan) -> None:
    """Note what the conditional references of a resource ask for."""
    try:
        for path, reference in conditional_references(entry.resource, entry.resource_path):
            token = token_of(reference, path, keys)
            plan.conditionals.append(Conditional(entry.index, path, reference, token))
    except FhirError as error:
        plan.fail(entry.index, error)
