"""Entries in, de-identified rows out: the one way by which anything enters the store.

parse -> validate -> resolve -> de-identify -> leak gate -> one database transaction. The order is
the safety property: nothing is written before it is clean, so no crash can leave an identified
row behind.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fhir_api.bundles.entry import Entry, lone_entry
from fhir_api.bundles.identity import Naming, digest_of, fresh_digest, made_id
from fhir_api.bundles.reading import given_entries, read_entries, read_entry
from fhir_api.errors import FhirError, Forbidden, InvalidRequest, OurMistake, TransactionRefused
from fhir_api.ingest.attempt import Again, Attempt, refuse_all
from fhir_api.ingest.parts import Parts, Searching, Sender
from fhir_api.ingest.plan import Plan, make_plan
from fhir_api.ingest.results import Fetched, Result, Stored
from fhir_api.store.repository import ResourceStore
from fhir_api.validation.validator import Validator
from privacy.deidentify import Deidentifier
from privacy.keys import SiteKeys

OURSELVES = Sender()


class Ingestor:
    """Takes Bundles and resources into the store of one site.

    Args:
        store: Of the site.
        deidentifier: The one way to what may be stored.
        validator: Of R4 resources.
        keys: Of the site.
        naming: `server` gives every POST a new id; `sender` (files) lets `urn:uuid:X` name X.
        search: Answers criteria other than one identifier.
    """

    def __init__(
        self,
        store: ResourceStore,
        deidentifier: Deidentifier,
        validator: Validator,
        keys: SiteKeys,
        naming: Naming = "server",
        search: Searching | None = None,
    ) -> None:
        self.store = store
        self.deidentifier = deidentifier
        self.validator = validator
        self.keys = keys
        self.parts = Parts(store, deidentifier, validator, keys, naming, search)

    def searching(self, search: Searching) -> "Ingestor":
        """The same, with a search that answers any criteria."""
        naming = self.parts.naming
        return Ingestor(self.store, self.deidentifier, self.validator, self.keys, naming, search)

    def transaction(
        self, bundle: Mapping[str, Any], sender: Sender = OURSELVES, *, wait: bool = False
    ) -> list[Result]:
        """Carry out every entry or none; what became of each, in order.

        Raises TransactionRefused with everything that is wrong. With `wait`, raises
        ReferenceNotResolved when a conditional reference finds nothing yet: the caller means to
        try again when more has been stored.
        """
        plan = self.plan(list(read_entries(bundle)), digest_of(bundle), sender, joined=True)
        refuse_forbidden(plan)
        refuse_all(plan)
        return self.carry_out(plan, sender, whole=True, wait=wait)

    def batch(
        self, bundle: Mapping[str, Any], sender: Sender = OURSELVES, *, wait: bool = False
    ) -> list[Result]:
        """Carry out each entry that can be; what became of each, in order.

        With `wait`, raises as `transaction` does, and stores nothing.
        """
        joined = self.parts.naming == "sender"
        plan = self.plan(list(read_entries(bundle)), digest_of(bundle), sender, joined=joined)
        try:
            return self.carry_out(plan, sender, wait=wait)
        except FhirError:
            raise
        except Exception:
            return [self.alone(index, plan, sender) for index in plan.indices()]

    def alone(self, index: int, plan: Plan, sender: Sender) -> Result:
        """One entry of a batch of which another broke on us."""
        try:
            return self.carry_out(plan.only(index), sender)[0]
        except FhirError as error:
            return error
        except Exception as error:
            return OurMistake(error)

    def collection(
        self, bundle: Mapping[str, Any], sender: Sender = OURSELVES, *, wait: bool = False
    ) -> list[Result]:
        """Store the resources of a Bundle that holds no requests, each under its own id."""
        digest = digest_of(bundle)
        read = [collected(index, each, digest) for index, each in enumerate(given_entries(bundle))]
        return self.independent(read, digest, sender, wait=wait)

    def history(self, bundle: Mapping[str, Any], sender: Sender = OURSELVES) -> list[Result]:
        """Store the versions of a history, oldest first, each resource under its own id.

        The first versions of all resources are stored together, then the second ones, and so on.
        """
        digest = digest_of(bundle)
        read = [collected(index, each, digest) for index, each in enumerate(given_entries(bundle))]
        found: dict[int, Result] = {
            index: each for index, each in enumerate(read) if isinstance(each, FhirError)
        }
        entries = [each for each in reversed(read) if not isinstance(each, FhirError)]
        for stage in one_of_each(entries):
            results = self.independent(stage, digest, sender)
            indices = sorted(each.index for each in stage)
            found |= dict(zip(indices, results, strict=True))
        return [found[index] for index in range(len(read))]

    def resources(self, resources: Sequence[Any]) -> list[Result]:
        """Store resources that came one by one, each under its own id."""
        read = [on_its_own(index, resource) for index, resource in enumerate(resources)]
        return self.independent(read, "", OURSELVES)

    def single(self, entry: Entry, sender: Sender = OURSELVES) -> Stored:
        """Carry out one create, update, patch or delete. Raises the FhirError it meets."""
        plan = self.plan([entry], fresh_digest(), sender, joined=False)
        result = self.carry_out(plan, sender)[0]
        if isinstance(result, FhirError):
            raise result
        if isinstance(result, Fetched):
            raise InvalidRequest("This writes; a read goes another way.")
        return result

    def independent(
        self, read: Sequence[Entry | FhirError], digest: str, sender: Sender, *, wait: bool = False
    ) -> list[Result]:
        """Store entries of which each may fail alone."""
        return self.carry_out(self.plan(read, digest, sender, joined=True), sender, wait=wait)

    def plan(
        self, read: Sequence[Entry | FhirError], digest: str, sender: Sender, *, joined: bool
    ) -> Plan:
        """What the entries come to."""
        return make_plan(read, digest, self.parts, sender.caller, joined=joined)

    def carry_out(
        self, plan: Plan, sender: Sender, *, whole: bool = False, wait: bool = False
    ) -> list[Result]:
        """Attempts at the plan until one is committed; each begins from nothing."""
        while True:
            try:
                return self.store.run(
                    lambda unit: Attempt(plan, unit, self.parts, sender, whole=whole).run(wait=wait)
                )
            except Again as again:
                for index, error in again.failures.items():
                    plan.fail(index, error)


def refuse_forbidden(plan: Plan) -> None:
    """Raise what the sender may not do, before anything else is told of the entries."""
    forbidden = [each for _, each in sorted(plan.failures.items()) if isinstance(each, Forbidden)]
    if forbidden:
        raise TransactionRefused(forbidden)


def one_of_each(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Stages in which no resource stands twice, its entries in their order."""
    stages: list[list[Entry]] = []
    times: Counter[tuple[str, str | None]] = Counter()
    for entry in entries:
        key = (entry.resource_type, entry.id)
        if times[key] == len(stages):
            stages.append([])
        stages[times[key]].append(entry)
        times[key] += 1
    return stages


def collected(index: int, given: Any, digest: str) -> Entry | FhirError:
    """An entry of a Bundle whose resources have their own ids."""
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
