"""Whether the resources of entries lie inside what their sender is limited to.

Asked twice: of what is stored before anything is written, so that nobody takes over a resource of
another patient, and of what was written, so that nobody puts one there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from fhir_api.access.caller import Limit
from fhir_api.bundles.entry import Entry
from fhir_api.errors import FhirError, Forbidden, ResourceNotFound
from fhir_api.ingest.parts import Parts
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.resolve import Resolution
from fhir_api.ingest.results import Key
from fhir_api.store.records import StoredResource
from fhir_api.store.unit import Head, UnitOfWork
from privacy.pseudonyms import pseudonym

HIDING = {"PATCH", "DELETE"}
Limits = tuple[Limit, ...]


def refuse_outside(
    entries: Iterable[Entry], plan: Plan, resolution: Resolution, unit: UnitOfWork, parts: Parts
) -> None:
    """Fail the entries whose resource, as it is stored now, lies outside their limits.

    One statement for each type and set of limits.
    """
    asked: dict[tuple[str, Limits], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.index in plan.limits:
            asked[entry.resource_type, plan.limits[entry.index]].append(entry)
    for (kind, limits), group in asked.items():
        ids = {resolution.where[each.index][1] for each in group}
        search = parts.search
        inside = set() if search is None else search.permitted(unit.connection, kind, ids, limits)
        for each in group:
            if resolution.where[each.index][1] not in inside:
                plan.fail(each.index, outside(each))


def refuse_foreign(
    plan: Plan,
    resolution: Resolution,
    heads: Mapping[Key, Head],
    unit: UnitOfWork,
    parts: Parts,
) -> None:
    """Fail the entries that would change or find what is stored outside their limits.

    A deletion of nothing fails too, or it would tell what is hidden from what is not there.
    """
    every = plan.standing("POST", "PUT", "PATCH", "DELETE")
    held = [each for each in every if each.index in plan.limits]
    limited = [each for each in held if resolution.where.get(each.index) in heads]
    for each in held:
        if each.method == "DELETE" and each not in limited:
            plan.fail(each.index, outside(each))
    ended = [each for each in limited if heads[resolution.where[each.index]].deleted]
    for each in ended:
        patient = heads[resolution.where[each.index]].patient_id
        if patient not in patients(plan.limits[each.index], parts):
            plan.fail(each.index, outside(each))
    refuse_outside([each for each in limited if each not in ended], plan, resolution, unit, parts)


def may_own(row: StoredResource, limits: Limits, parts: Parts) -> bool:
    """Whether a version belonged to nobody, or to whom the limits name; for older versions."""
    if row.patient_id is None or any(each.patient is None for each in limits):
        return True
    named = {each.patient for each in limits if each.patient is not None}
    return row.patient_id in {pseudonym(parts.keys, "Patient", each) for each in named}


def patients(limits: Limits, parts: Parts) -> set[str]:
    """Pseudonyms of the patients whose records limits without a query open."""
    named = [each.patient for each in limits if each.patient is not None and not each.query]
    return {pseudonym(parts.keys, "Patient", each) for each in named}


def outside(entry: Entry) -> FhirError:
    """The refusal of an entry outside its limits, as if nothing were there.

    What brings a resource is told that it may not: there is nothing that it could not find.
    """
    if entry.reads or entry.method in HIDING:
        hidden = ResourceNotFound(entry.resource_type)
        found_by = entry.query is not None and not entry.reads
        hidden.expression = entry.query_path if found_by else entry.path or None
        return hidden
    return Forbidden(entry.interaction, entry.resource_type, entry.path or None)
