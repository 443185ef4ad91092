"""`ifMatch` and `ifNoneMatch`: versions that must be stored, or must not.

https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/http.html#cond-update
"""

from collections.abc import Mapping

from fhir_api.bundles.entry import ANY_VERSION, Entry
from fhir_api.bundles.identity import Naming
from fhir_api.errors import PreconditionFailed
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.resolve import Resolution
from fhir_api.ingest.results import Key
from fhir_api.store.unit import Head


def heads_needed(plan: Plan, resolution: Resolution, naming: Naming) -> list[Key]:
    """Resources whose stored version must be known before anything is written.

    When one must be, all that are written are asked for: they are locked together, in one order,
    so that two transactions cannot wait for each other.
    """
    writing = [each for each in plan.standing("POST", "PUT", "PATCH", "DELETE")
               if each.index in resolution.where]  # fmt: skip
    known = any(may_be_there(each, naming) for each in writing)
    if not known and not any(needs_head(each, plan, resolution) for each in writing):
        return []
    return sorted({resolution.where[each.index] for each in writing})


def may_be_there(entry: Entry, naming: Naming) -> bool:
    """Whether a create may have been carried out before: the same Bundle gives the same id."""
    return entry.method == "POST" and naming == "server" and bool(entry.path)


def replays(
    plan: Plan, resolution: Resolution, heads: Mapping[Key, Head], naming: Naming
) -> set[int]:
    """Creates that were carried out before; what was changed since is not set back."""
    return {
        entry.index
        for entry in plan.standing("POST")
        if may_be_there(entry, naming)
        and (head := heads.get(resolution.where[entry.index])) is not None
        and not head.deleted
    }


def needs_head(entry: Entry, plan: Plan, resolution: Resolution) -> bool:
    """Whether what happens to an entry depends on what is stored."""
    depends = entry.method in {"PATCH", "DELETE"} or entry.if_match or entry.if_none_match
    found = entry.index in resolution.existing or entry.index in plan.limits
    return bool(depends or found or (entry.query is not None and entry.method == "PUT"))


def check_versions(plan: Plan, resolution: Resolution, heads: Mapping[Key, Head]) -> None:
    """Fail entries whose demands on the stored version are not met."""
    for entry in plan.standing("PUT", "PATCH", "DELETE"):
        head = heads.get(resolution.where.get(entry.index, ("", "")))
        stored = set() if head is None or head.deleted else {ANY_VERSION, str(head.version)}
        if entry.if_match and not entry.if_match & stored:
            path = entry.asked("ifMatch")
            message = f"{path} is not the stored version; read it and send your change again."
            plan.fail(entry.index, PreconditionFailed(message, path))
        elif entry.method == "PUT" and entry.if_none_match & stored:
            path = entry.asked("ifNoneMatch")
            message = f"{path}: this version is stored, so nothing was written."
            plan.fail(entry.index, PreconditionFailed(message, path))
