"""What a set of entries comes to, before the database is asked: allowed, valid, named, joined.

Failures are kept by entry: a transaction has none or stores nothing, a batch goes on without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fhir_api.access.caller import Caller, Limit
from fhir_api.bundles.conditional import Criteria, criteria_of, reference_criteria
from fhir_api.bundles.entry import Entry
from fhir_api.bundles.identity import real_id
from fhir_api.bundles.references import base_of, conditional_references, rewrite
from fhir_api.errors import (
    FhirError,
    Forbidden,
    IdentitiesHidden,
    InvalidRequest,
    InvalidResource,
    NotSupported,
    RefusedByPrivacy,
)
from fhir_api.ingest.parts import Parts
from fhir_api.ingest.results import Key
from fhir_api.reidentify import Presenter, references_in
from privacy.pseudonyms import is_pseudonym, pseudonym
from privacy.references import target_of


@dataclass(frozen=True, slots=True)
class Conditional:
    """A conditional reference: the entry that holds it, where, how it reads, what it asks for."""

    index: int
    path: str
    reference: str
    criteria: Criteria


@dataclass(slots=True)
class Plan:
    """Entries that may be carried out, and what must be looked up first.

    Attributes:
        entries: By their index in the Bundle.
        keys: Type and real id of each that writes a resource.
        where: Type and pseudonym of the resource that each entry names.
        failures: What is wrong, by index; those entries are out.
        limits: Resources to which an entry is limited, by index; absent for no limit.
        criteria: Of conditional creates, updates, patches and deletes, by index.
        conditionals: Conditional references in the resources.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    where: dict[int, Key] = field(default_factory=dict)
    failures: dict[int, FhirError] = field(default_factory=dict)
    limits: dict[int, tuple[Limit, ...]] = field(default_factory=dict)
    criteria: dict[int, Criteria] = field(default_factory=dict)
    conditionals: list[Conditional] = field(default_factory=list)

    def copy(self) -> "Plan":
        """The same plan for another attempt, its failures apart from those of this one."""
        return replace(self, failures=dict(self.failures))

    def only(self, index: int) -> "Plan":
        """The plan of one entry alone."""
        entries = {index: self.entries[index]} if index in self.entries else {}
        failures = {index: self.failures[index]} if index in self.failures else {}
        conditionals = [each for each in self.conditionals if each.index == index]
        return replace(self, entries=entries, failures=failures, conditionals=conditionals)

    def indices(self) -> list[int]:
        """The places of all entries."""
        return sorted({*self.entries, *self.failures})

    def fail(self, index: int, error: FhirError) -> None:
        """Take an entry out; the first thing wrong with it is the one that is told."""
        self.failures.setdefault(index, error)

    def standing(self, *methods: str) -> list[Entry]:
        """Entries with which nothing is wrong so far, in order; of these methods, or of all."""
        return [
            entry
            for index, entry in self.entries.items()
            if index not in self.failures and (not methods or entry.method in methods)
        ]


def make_plan(
    read: Sequence[Entry | FhirError], digest: str, parts: Parts, caller: Caller, *, joined: bool
) -> Plan:
    """Validate entries, give each its id and join their references; resources change in place.

    Entries that are not `joined`, those of a batch, may neither name one another nor hold
    conditional references.
    """
    plan = Plan()
    presenter = Presenter(parts.keys, parts.store.vault, identified=caller.identified)
    for index, entry in enumerate(read):
        if isinstance(entry, FhirError):
            plan.fail(index, entry)
        else:
            allow(entry, plan, caller)
            name(entry, real_id(entry, digest, parts.naming), plan, presenter)
    for entry in plan.standing("POST", "PUT"):
        check(entry, parts, plan)
    join(plan, joined=joined)
    for entry in plan.standing():
        collect_criteria(entry, plan)
    return plan


def allow(entry: Entry, plan: Plan, caller: Caller) -> None:
    """Put an entry into the plan with its limits; what the caller may not do fails."""
    plan.entries[entry.index] = entry
    kind, path = entry.resource_type, entry.path or None
    try:
        limits = caller.limits(entry.interaction, kind)
    except Forbidden as error:
        error.expression = path
        plan.fail(entry.index, error)
        return
    if limits:
        plan.limits[entry.index] = limits
    if not caller.identified and names_the_real(entry):
        plan.fail(entry.index, IdentitiesHidden(path))


def names_the_real(entry: Entry) -> bool:
    """Whether an entry speaks of real ids, identifiers or dates, or would try them out.

    A resource refers to others by them, a patch tests them, a query finds by them; the answer would
    tell who may see no identities which pseudonym is whose.
    """
    return not entry.reads and (entry.method != "DELETE" or entry.query is not None)


def name(entry: Entry, id_: str, plan: Plan, presenter: Presenter) -> None:
    """Say which resource an entry is about, as far as it says so itself."""
    kind = entry.resource_type
    if entry.resource is not None:
        plan.keys[entry.index] = (kind, id_)
        plan.where[entry.index] = (kind, pseudonym(presenter.keys, kind, id_))
    elif entry.id is not None:
        plan.where[entry.index] = (kind, presenter.stored_id(kind, entry.id))


def check(entry: Entry, parts: Parts, plan: Plan) -> None:
    """Refuse a resource that is not R4, says another id than its URL, or bears a pseudonym."""
    resource = entry.resource or {}
    found = parts.validator.validate(resource, entry.resource_path)
    named = resource.get("id", entry.id)
    path = f"{entry.resource_path}.id"
    if found:
        plan.fail(entry.index, InvalidResource(found))
    elif entry.id is not None and named != entry.id:
        plan.fail(entry.index, InvalidRequest(f"{path} is not the id that the URL names.", path))
    elif isinstance(named, str) and is_pseudonym(named):
        message = f"{path} is a pseudonym; a resource is written under the id of its source."
        plan.fail(entry.index, RefusedByPrivacy(message, path))
    elif any(map(is_hidden, references_in(resource))):
        message = f"{entry.resource_path} refers to a pseudonym; name what it stands for."
        plan.fail(entry.index, RefusedByPrivacy(message, entry.resource_path))


def is_hidden(reference: str) -> bool:
    """Whether a reference names a pseudonym; another one made of it would be nobody's."""
    target = target_of(reference) if "/p1" in reference else None
    return target is not None and is_pseudonym(target.real_id)


def join(plan: Plan, *, joined: bool) -> None:
    """Give every resource its id, and every reference to an entry the id of that entry."""
    named = {index: "/".join(key) for index, key in plan.keys.items()}
    names = {
        entry.full_url: named[entry.index]
        for entry in plan.entries.values()
        if entry.full_url and entry.index in named
    }
    created = {named[each.index] for each in plan.entries.values() if each.method == "POST"}
    for entry in plan.standing("POST", "PUT"):
        resource = entry.resource or {}
        resource["id"] = plan.keys[entry.index][1]
        met = rewrite(resource, names, base_of(entry.full_url), created)
        if met.joins and not joined:
            plan.fail(entry.index, needs_transaction(entry, "names another entry"))
        if met.conditional:
            collect_references(entry, plan, joined=joined)


def needs_transaction(entry: Entry, what: str) -> FhirError:
    """The refusal of a reference that only a transaction can join."""
    path = entry.resource_path
    message = f"{path} {what}; only a transaction joins references, so send one."
    return NotSupported(message, path)


def collect_references(entry: Entry, plan: Plan, *, joined: bool) -> None:
    """Note what the conditional references of a resource ask for."""
    try:
        for path, reference in conditional_references(entry.resource, entry.resource_path):
            if not joined:
                raise needs_transaction(entry, "holds a conditional reference")
            criteria = reference_criteria(reference, path)
            plan.conditionals.append(Conditional(entry.index, path, reference, criteria))
    except FhirError as error:
        plan.fail(entry.index, error)


def collect_criteria(entry: Entry, plan: Plan) -> None:
    """Note what a conditional create, update, patch or delete asks for."""
    if entry.query is None or entry.reads:
        return
    try:
        criteria = criteria_of(entry.resource_type, entry.query, entry.query_path)
        plan.criteria[entry.index] = criteria
    except FhirError as error:
        plan.fail(entry.index, error)
