"""Entries that read: they see what the entries before them have written.

https://hl7.org/fhir/R4/http.html#trules. Reads by id are one statement, however many there are;
each search is its own.
"""

from urllib.parse import parse_qsl

from fhir_api.bundles.entry import Entry
from fhir_api.errors import FhirError, NotSupported, ResourceDeleted, ResourceNotFound
from fhir_api.ingest.parts import Parts, Sender
from fhir_api.ingest.permission import may_own, outside, refuse_outside
from fhir_api.ingest.plan import Plan
from fhir_api.ingest.resolve import Resolution
from fhir_api.ingest.results import Fetched
from fhir_api.store.records import StoredResource
from fhir_api.store.several import Wanted, read_several
from fhir_api.store.unit import UnitOfWork


def fetch(
    plan: Plan, resolution: Resolution, unit: UnitOfWork, parts: Parts, sender: Sender
) -> dict[int, Fetched]:
    """What each entry that reads finds; an entry that finds nothing to read fails in the plan."""
    asked = plan.standing("GET", "HEAD")
    by_id = [entry for entry in asked if entry.id is not None]
    wanted = [Wanted(*resolution.where[each.index], each.version) for each in by_id]
    rows = read_several(unit.connection, unit.site, wanted)
    found = dict(zip((each.index for each in by_id), rows, strict=True))
    there = [each for each in by_id if is_there(each, found[each.index], plan)]
    refuse_outside(there, plan, resolution, unit, parts)
    for each in plan.standing("GET", "HEAD"):
        row, limits = found.get(each.index), plan.limits.get(each.index, ())
        if row is not None and limits and not may_own(row, limits, parts):
            plan.fail(each.index, outside(each))
    fetched = {each.index: Fetched(each, found[each.index]) for each in there}
    for entry in asked:
        if entry.id is None:
            search(entry, plan, fetched, unit, parts, sender)
    return fetched


def is_there(entry: Entry, row: StoredResource | None, plan: Plan) -> bool:
    """Whether something was found that can be read; otherwise the entry fails."""
    if row is not None and not row.deleted:
        return True
    kind = entry.resource_type
    error: FhirError = ResourceNotFound(kind) if row is None else ResourceDeleted(kind)
    error.expression = entry.path or None
    plan.fail(entry.index, error)
    return False


def search(
    entry: Entry,
    plan: Plan,
    fetched: dict[int, Fetched],
    unit: UnitOfWork,
    parts: Parts,
    sender: Sender,
) -> None:
    """One page of the search that an entry asks for."""
    try:
        if parts.search is None or not entry.resource_type:
            message = f"{entry.asked('url')}: a Bundle reads [type]/[id] and searches [type]?query."
            raise NotSupported(message)
        page = parts.search.run(
            unit.connection,
            entry.resource_type,
            parse_qsl(entry.query or "", keep_blank_values=True),
            plan.limits.get(entry.index, ()),
            caller=sender.caller,
        )
    except FhirError as error:
        error.expression = entry.asked("url")
        plan.fail(entry.index, error)
    else:
        fetched[entry.index] = Fetched(entry, page=page)
