"""Entries in, de-identified rows out: the one way by which anything enters the store.

parse -> validate -> resolve -> de-identify -> leak gate -> one database transaction. The order is
the safety property: nothing is written before it is clean, so no crash can leave an identified
row behind.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_api.bundles.entry import Entry, given_entries, lone_entry, read_entries, read_entry
from fhir_api.bundles.identity import digest_of, made_id
from fhir_api.errors import (
    FhirError,
    InvalidRequest,
    PreconditionFailed,
    ReferenceNotResolved,
    RefusedByPrivacy,
    TransactionRefused,
)
from fhir_api.ingest.plan import Key, Plan, make_plan, refuse_twins
from fhir_api.ingest.resolve import Resolution, resolve
from fhir_api.store.records import Written
from fhir_api.store.repository import ResourceStore
from fhir_api.store.unit import UnitOfWork
from fhir_api.validation.validator import Validator
from privacy.deidentify import Deidentifier
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource, Refusal


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one entry.

    Attributes:
        key: Type and real id; the id is None when `ifNoneExist` found a resource whose real id
            we cannot know.
        written: Version and outcome.
        method: As asked for.
    """

    key: tuple[str, str | None]
    written: Written
    method: str

    @property
    def status(self) -> str:
        """HTTP status of the entry."""
        if self.method == "DELETE":
            return "204 No Content"
        return "201 Created" if self.written.outcome == "created" else "200 OK"


Result = Stored | FhirError


class Ingestor:
    """Takes Bundles and resources into the store of one site."""

    def __init__(
        self, store: ResourceStore, deidentifier: Deidentifier, validator: Validator, keys: SiteKeys
    ) -> None:
        self.store = store
        self.deidentifier = deidentifier
        self.validator = validator
        self.keys = keys

    def transaction(self, bundle: Mapping[str, Any], *, wait: bool = False) -> list[Stored]:
        """Store every entry or none; one `Stored` for each, in order.

        Raises TransactionRefused with everything that is wrong. With `wait`, raises
        ReferenceNotResolved when a conditional reference finds nothing yet: the caller means to
        try again when more has been stored.
        """
        read = list(read_entries(bundle))
        plan = make_plan(read, digest_of(bundle), self.validator, self.keys)
        refuse_twins(plan)
        refuse_all(plan)
        results = self.store.run(
            lambda unit: self.carry_out(plan.copy(), unit, whole=True, wait=wait)
        )
        return [each for each in results if isinstance(each, Stored)]

    def batch(self, bundle: Mapping[str, Any], *, wait: bool = False) -> list[Result]:
        """Store each entry that can be stored; what became of each, in order.

        With `wait`, raises as `transaction` does, and stores nothing.
        """
        return self.independent(list(read_entries(bundle)), digest_of(bundle), wait=wait)

    def collection(self, bundle: Mapping[str, Any], *, wait: bool = False) -> list[Result]:
        """Store the resources of a Bundle that holds no requests, each under its own id."""
        digest = digest_of(bundle)
        read = [collected(index, each, digest) for index, each in enumerate(given_entries(bundle))]
        return self.independent(read, digest, wait=wait)

    def resources(self, resources: Sequence[Any]) -> list[Result]:
        """Store resources that came one by one, each under its own id."""
        read = [on_its_own(index, resource) for index, resource in enumerate(resources)]
        return self.independent(read, "")

    def single(self, entry: Entry) -> Stored:
        """Carry out one interaction: create, update or delete. Raises the FhirError it meets."""
        digest = digest_of(entry.resource or {})
        result = self.independent([entry], digest)[0]
        if isinstance(result, FhirError):
            raise result
        return result

    def independent(
        self, read: Sequence[Entry | FhirError], digest: str, *, wait: bool = False
    ) -> list[Result]:
        """Store entries of which each may fail alone."""
        plan = make_plan(read, digest, self.validator, self.keys)
        return self.store.run(lambda unit: self.carry_out(plan.copy(), unit, wait=wait))

    def carry_out(
        self, plan: Plan, unit: UnitOfWork, *, whole: bool = False, wait: bool = False
    ) -> list[Result]:
        """Resolve, de-identify and write what stands of the plan, in one database transaction."""
        resolution = resolve(plan, unit, self.keys)
        if wait:
            wait_for_references(plan)
        self.check_versions(plan, unit)
        written = self.deleted(plan, unit) | found_already(plan, resolution, unit)
        clean = self.cleaned(plan, resolution)
        if whole:
            refuse_all(plan)
        for part in without_twins(clean):
            written |= dict(zip(part, unit.write(list(part.values())), strict=True))
        return list(self.results(plan, resolution, written))

    def cleaned(self, plan: Plan, resolution: Resolution) -> dict[int, CleanResource]:
        """De-identified resources by index; an entry that may not leave fails in the plan."""
        entries = [
            entry
            for entry in plan.standing()
            if entry.resource is not None and entry.index not in resolution.existing
        ]
        given = [entry.resource or {} for entry in entries]
        answers = self.deidentifier.clean_batch(given, resolution.references)
        clean = {}
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, Refusal):
                plan.fail(entry.index, RefusedByPrivacy(answer.reason, entry.inside(answer.path)))
            else:
                clean[entry.index] = answer
        return clean

    def check_versions(self, plan: Plan, unit: UnitOfWork) -> None:
        """Fail entries whose `ifMatch` is not the version that is stored."""
        asked = [entry for entry in plan.standing() if entry.if_match is not None]
        if not asked:
            return
        heads = unit.lock_heads([self.stored_key(plan.keys[entry.index]) for entry in asked])
        for entry in asked:
            head = heads.get(self.stored_key(plan.keys[entry.index]))
            if head is None or head.version != entry.if_match:
                path = f"{entry.path}.request.ifMatch" if entry.path else "If-Match"
                message = f"{path} is not the stored version; read it and send your change again."
                plan.fail(entry.index, PreconditionFailed(message, path))

    def deleted(self, plan: Plan, unit: UnitOfWork) -> dict[int, Written]:
        """End the resources whose entries ask for it."""
        asked = [entry.index for entry in plan.standing() if entry.method == "DELETE"]
        keys = [self.stored_key(plan.keys[index]) for index in asked]
        return dict(zip(asked, unit.delete(keys), strict=True)) if asked else {}

    def stored_key(self, key: Key) -> Key:
        """Type and pseudonym of what the caller calls type and real id."""
        return key[0], pseudonym(self.keys, *key)

    def results(
        self, plan: Plan, resolution: Resolution, written: Mapping[int, Written]
    ) -> Iterator[Result]:
        """What became of each entry, in the order of the Bundle."""
        for index in sorted({*plan.entries, *plan.failures}):
            if index in plan.failures:
                yield plan.failures[index]
                continue
            kind, real = plan.keys[index]
            found = resolution.existing.get(index)
            known = found is None or found == pseudonym(self.keys, kind, real)
            yield Stored(
                (kind, real if known else None), written[index], plan.entries[index].method
            )


def found_already(plan: Plan, resolution: Resolution, unit: UnitOfWork) -> dict[int, Written]:
    """Entries whose resource was there, or is made by an earlier entry: nothing is written."""
    keys = {
        index: (plan.entries[index].resource_type, found)
        for index, found in resolution.existing.items()
    }
    heads = unit.lock_heads(sorted(set(keys.values())))
    return {
        index: Written(heads[key].version if key in heads else 1, "unchanged")
        for index, key in keys.items()
    }


def without_twins(clean: Mapping[int, CleanResource]) -> list[dict[int, CleanResource]]:
    """Parts in which no resource stands twice; its versions keep their order."""
    parts: list[dict[int, CleanResource]] = []
    times: Counter[Key] = Counter()
    for index, resource in clean.items():
        key = (resource.resource_type, resource.resource_id)
        if times[key] == len(parts):
            parts.append({})
        parts[times[key]][index] = resource
        times[key] += 1
    return parts


def refuse_all(plan: Plan) -> None:
    """Raise what is wrong with a transaction, if anything is."""
    if plan.failures:
        raise TransactionRefused([plan.failures[index] for index in sorted(plan.failures)])


def wait_for_references(plan: Plan) -> None:
    """Raise the first reference that finds nothing yet."""
    for error in plan.failures.values():
        if isinstance(error, ReferenceNotResolved) and error.may_come:
            raise error


def collected(index: int, given: Any, digest: str) -> Entry | FhirError:
    """An entry of a Bundle without requests."""
    path = f"Bundle.entry[{index}]"
    resource = given.get("resource") if isinstance(given, dict) else None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return deletion(index, given)
    named = str(given.get("fullUrl") or "")
    id_ = resource.get("id") or named.rpartition("/")[2].rpartition(":")[2]
    entry = lone_entry(index, resource, str(id_ or made_id(digest, index)), path)
    return replace(entry, full_url=named or None)


def deletion(index: int, given: Any) -> Entry | FhirError:
    """An entry without a resource: in a history Bundle it says that the resource was deleted."""
    try:
        return read_entry(index, given)
    except FhirError as error:
        return error


def on_its_own(index: int, resource: Any) -> Entry | FhirError:
    """An entry for a resource that came alone."""
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return InvalidRequest("The line is no FHIR resource: resourceType is missing.")
    return lone_entry(index, resource, str(resource.get("id") or made_id(digest_of(resource), 0)))
