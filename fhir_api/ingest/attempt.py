"""One attempt to carry out a plan, in one database transaction.

resolve -> check -> de-identify -> leak gate -> delete -> write -> late references -> read. The
order is the safety property: nothing is written before it is clean. An attempt begins from nothing
but the plan, so that a second one, when other writers were in the way, repeats all of it.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from fhir_api.errors import FhirError, ReferenceNotResolved, TransactionRefused
from fhir_api.ingest.cleaning import cleaned
from fhir_api.ingest.fetching import fetch
from fhir_api.ingest.overlap import refuse_overlap, refuse_taken
from fhir_api.ingest.parts import Parts, Sender
from fhir_api.ingest.patching import Patch, read_patches
from fhir_api.ingest.permission import refuse_foreign, refuse_outside
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.preconditions import check_versions, heads_needed, replays
from fhir_api.ingest.resolve import resolve, settle_late
from fhir_api.ingest.results import Fetched, Key, Result, Stored
from fhir_api.store.records import StoredResource, Written
from fhir_api.store.several import Wanted, read_several
from fhir_api.store.unit import Head, UnitOfWork
from privacy.compartment import takes_only_patient
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource


class Again(Exception):
    """Entries failed after others had been written; all must be done again without them."""

    def __init__(self, failures: Mapping[int, FhirError]) -> None:
        super().__init__("Entries of a batch failed after the write.")
        self.failures = failures


class Attempt:
    """One attempt at a plan; its own copy, for failures are noted there.

    Args:
        plan: What is asked for.
        unit: The database transaction.
        parts: What it works with.
        sender: Who asks.
        whole: Whether one failure fails all.
    """

    def __init__(
        self, plan: Plan, unit: UnitOfWork, parts: Parts, sender: Sender, *, whole: bool
    ) -> None:
        self.plan = plan.copy()
        self.unit = unit
        self.parts = parts
        self.sender = sender
        self.whole = whole

    def run(self, *, wait: bool = False) -> list[Result]:
        """What became of each entry, in the order of the Bundle."""
        plan, unit, parts = self.plan, self.unit, self.parts
        self.resolution = resolve(plan, unit, parts)
        if wait:
            wait_for_references(plan)
        if self.whole:
            refuse_overlap(plan, self.resolution, parts)
        heads = unit.lock_heads(heads_needed(plan, self.resolution, parts.naming))
        self.check(heads)
        self.patches = self.read_patches()
        clean = cleaned(plan, self.resolution, self.patches, parts)
        self.refuse()
        written = self.deleted() | self.kept(heads)
        self.write(clean, written)
        fetched = fetch(plan, self.resolution, unit, parts, self.sender)
        self.refuse(written)
        return list(self.results(written, fetched))

    def check(self, heads: Mapping[Key, Head]) -> None:
        """Fail entries that the stored versions, or the sender's limits, do not allow."""
        refuse_taken(self.plan, self.resolution, heads)
        check_versions(self.plan, self.resolution, heads)
        refuse_foreign(self.plan, self.resolution, heads, self.unit, self.parts)
        for index in self.resolution.existing:
            kind, id_ = self.resolution.where[index]
            head = heads.get((kind, id_))
            name = "/".join(self.plan.keys[index])
            version = head.version if head else 1
            self.resolution.references[f"{name}/_history/1"] = f"{kind}/{id_}/_history/{version}"
        again = replays(self.plan, self.resolution, heads, self.parts.naming)
        self.resolution.existing |= again

    def read_patches(self) -> dict[int, Patch]:
        """The patches that can be carried out; the entries of the others fail."""
        entries = self.plan.standing("PATCH")
        if not entries:
            return {}
        wanted = [Wanted(*self.resolution.where[each.index]) for each in entries]
        rows = read_several(self.unit.connection, self.unit.site, wanted)
        found = dict(zip((each.index for each in entries), rows, strict=True))
        patches = {}
        for index, patch in read_patches(entries, found, self.unit.connection, self.parts).items():
            if isinstance(patch, FhirError):
                self.plan.fail(index, patch)
            else:
                patches[index] = patch
        return patches

    def deleted(self) -> dict[int, Written]:
        """End the resources whose entries ask for it."""
        asked = [each.index for each in self.plan.standing("DELETE")]
        ending = [index for index in asked if index not in self.resolution.nothing]
        ended = (
            self.unit.delete([self.resolution.where[index] for index in ending]) if ending else []
        )
        nothing = dict.fromkeys(asked, Written(0, "unchanged"))
        return nothing | dict(zip(ending, ended, strict=True))

    def kept(self, heads: Mapping[Key, Head]) -> dict[int, Written]:
        """Entries whose resource was there, or is made by an earlier entry: nothing is written."""
        versions = {
            index: heads[key].version if (key := self.resolution.where[index]) in heads else 1
            for index in self.resolution.existing
            if index not in self.plan.failures
        }
        return {index: Written(version, "unchanged") for index, version in versions.items()}

    def write(self, clean: dict[int, CleanResource], written: dict[int, Written]) -> None:
        """Write all; resources whose references must be searched for come after the others."""
        waiting = self.waiting()
        self.store({index: each for index, each in clean.items() if index not in waiting}, written)
        if waiting:
            settle_late(self.plan, self.resolution, self.unit, self.parts)
            if self.whole:
                refuse_all(self.plan)
            clean = cleaned(self.plan, self.resolution, self.patches, self.parts)
            self.store({index: clean[index] for index in waiting if index in clean}, written)
        newest = {self.resolution.where[each.index]: each
                  for each in self.plan.standing("POST", "PUT", "PATCH")
                  if self.resolution.writes(each)}  # fmt: skip
        refuse_outside(newest.values(), self.plan, self.resolution, self.unit, self.parts)

    def waiting(self) -> list[int]:
        """Entries that hold late references, and those whose patient such a reference decides."""
        late = self.resolution.late
        holders = {each.index for each in late}
        if any(each.criteria.resource_type == "Patient" for each in late):
            holders |= {each.index for each in self.plan.standing("POST", "PUT")
                        if takes_only_patient(each.resource or {})}  # fmt: skip
        return sorted(holders)

    def store(self, clean: Mapping[int, CleanResource], written: dict[int, Written]) -> None:
        """Write resources; those of one resource one after the other."""
        for part in without_twins(clean):
            written |= dict(zip(part, self.unit.write(list(part.values())), strict=True))

    def refuse(self, written: Collection[int] = ()) -> None:
        """Give up when one failure fails all, or when what has been written must not stay."""
        failures = self.plan.failures
        if self.whole:
            refuse_all(self.plan)
        if any(index in failures for index in written):
            raise Again(failures)

    def results(
        self, written: Mapping[int, Written], fetched: Mapping[int, Fetched]
    ) -> Iterator[Result]:
        """What became of each entry, in the order of the Bundle."""
        rows = self.rows(written)
        for index in sorted({*self.plan.entries, *self.plan.failures}):
            if index in self.plan.failures:
                yield self.plan.failures[index]
            elif index in fetched:
                yield fetched[index]
            else:
                yield self.stored(index, written[index], rows.get(index))

    def stored(self, index: int, written: Written, row: StoredResource | None) -> Stored:
        """What became of an entry that writes."""
        entry, key = self.plan.entries[index], self.plan.keys.get(index)
        where = self.resolution.where.get(index, (entry.resource_type, ""))
        real_id = entry.id
        if key is not None:
            real_id = key[1] if pseudonym(self.parts.keys, *key) == where[1] else None
        return Stored(entry, written, where, real_id, row)

    def rows(self, written: Mapping[int, Written]) -> dict[int, StoredResource]:
        """When each version was stored, and the resource where it was asked for."""
        if self.sender.answer == "nothing":
            return {}
        whole = self.sender.answer == "representation"
        wanted = {
            index: Wanted(*self.resolution.where[index], each.version, whole)
            for index, each in written.items()
            if each.version
        }
        rows = read_several(self.unit.connection, self.unit.site, list(wanted.values()))
        return {index: row for index, row in zip(wanted, rows, strict=True) if row is not None}


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
