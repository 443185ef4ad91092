"""De-identifying the resources of a plan: one batch, so that the leak gate knows them all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fhir_api.bundles.entry import Entry
from fhir_api.errors import RefusedByPrivacy
from fhir_api.ingest.parts import Parts
from fhir_api.ingest.patching import Patch
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.resolve import Resolution
from fhir_api.search.index.extract import with_reference_tokens
from fhir_api.store.vault import IDENTIFIERS
from privacy.records import CleanResource, Refusal


def cleaned(
    plan: Plan, resolution: Resolution, patches: Mapping[int, Patch], parts: Parts
) -> dict[int, CleanResource]:
    """De-identified resources by index; an entry that may not be stored fails in the plan."""
    entries = [each for each in plan.standing("POST", "PUT", "PATCH") if resolution.writes(each)]
    given = [resource_of(each, patches) for each in entries]
    known = dict(resolution.references)
    for patch in patches.values():
        known |= patch.unresolved()
    clean = {}
    for entry, answer in zip(entries, parts.deidentifier.clean_batch(given, known), strict=True):
        if isinstance(answer, Refusal):
            error = RefusedByPrivacy(answer.reason, entry.inside(answer.path))
            plan.fail(entry.index, error)
            continue
        whole = patches[entry.index].merged(answer) if entry.index in patches else answer
        found = with_reference_tokens(whole, resource_of(entry, patches), parts.keys)
        clean[entry.index] = placed(found, resolution.where[entry.index][1], known)
    return clean


def resource_of(entry: Entry, patches: Mapping[int, Patch]) -> dict[str, Any]:
    """The resource that an entry would have stored."""
    return patches[entry.index].after if entry.index in patches else entry.resource or {}


def placed(clean: CleanResource, resource_id: str, known: Mapping[str, str]) -> CleanResource:
    """The resource under the id at which it is stored, found by a query or made of its own.

    Names that stand for an id which only this Bundle used, or for a pseudonym, are no real names.
    """
    names = {stored: real for stored, real in clean.names.items() if real not in known}
    if clean.resource_id == resource_id:
        return replace(clean, names=names) if len(names) < len(clean.names) else clean
    own = f"{clean.resource_type}/{clean.resource_id}"
    names.pop(own, None)
    if identifiers := names.pop(own + IDENTIFIERS, None):
        names[f"{clean.resource_type}/{resource_id}{IDENTIFIERS}"] = identifiers
    body = {**clean.body, "id": resource_id}
    return replace(clean, resource_id=resource_id, body=body, names=names)
