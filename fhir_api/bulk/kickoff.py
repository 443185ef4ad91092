"""The kick-off of an export: who may have what, as of which moment, settled once and for all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from fhir_api.access.caller import Caller, Limit
from fhir_api.bulk.asked import Asked, Level
from fhir_api.bulk.errors import TooManyRequests
from fhir_api.bulk.jobs import Kind
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.plan import ExportPlan, TypePlan, as_json
from fhir_api.errors import Forbidden, InvalidRequest, ResourceDeleted, ResourceNotFound
from fhir_api.reidentify import Presenter
from fhir_api.store.records import StoredResource

RETRY_AFTER_S = 60
MILLISECOND = timedelta(milliseconds=1)
MOMENT = text("SELECT pg_current_snapshot()::text, clock_timestamp()")
REMEMBER = text("""
    INSERT INTO export_moment (site, moment, snapshot) VALUES (:site, :moment, :snapshot)
    ON CONFLICT DO NOTHING
""")
EARLIER = text("""
    SELECT snapshot FROM export_moment WHERE site = :site AND moment >= :since
    ORDER BY moment LIMIT 1
""")
TYPES = text("""
    WITH RECURSIVE found AS (
        (SELECT resource_type FROM resource_head WHERE site = :site
         ORDER BY resource_type LIMIT 1)
        UNION ALL
        SELECT (SELECT h.resource_type FROM resource_head h
                WHERE h.site = :site AND h.resource_type > f.resource_type
                ORDER BY h.resource_type LIMIT 1)
        FROM found f WHERE f.resource_type IS NOT NULL)
    SELECT resource_type FROM found WHERE resource_type IS NOT NULL
""")
HERE = text("""
    SELECT count(*) FROM resource_head
    WHERE site = :site AND resource_type = 'Patient' AND resource_id = any(:ids) AND NOT deleted
""")
NOBODY = "-"  # an id that no resource has: a query is checked by asking for it


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and how.

    Attributes:
        level: Of the operation.
        url: Of the request, for the manifest.
        caller: Who asks.
        presenter: Translates the caller's ids.
        members: Pseudonyms of the group's patients; None for no group.
    """

    level: Level
    url: str
    caller: Caller
    presenter: Presenter
    members: list[str] | None = None


def begin_export(parts: BulkParts, asked: Asked, request: Request) -> str:
    """Begin an export; the id of its job.

    Raises Forbidden, InvalidRequest or TooManyRequests.
    """
    site = parts.keys.site
    with parts.engine.begin() as connection:
        refuse_too_many(parts, connection, request.caller.client, "export")
        snapshot, moment = moment_of(connection)
        types = types_of(parts, connection, asked, request.caller)
        plan = ExportPlan(
            site=site,
            level=request.level,
            url=request.url,
            needs_token=parts.needs_token,
            types=types,
            patients=patients_of(connection, site, asked, request),
            snapshot=snapshot,
            since=asked.since,
            since_snapshot=earlier(connection, site, asked.since),
            until=asked.until,
            elements=asked.elements,
            provenance=asked.provenance,
            ignored=tuple(asked.ignored),
            caller=request.caller,
        )
        seen = {"site": site, "moment": moment, "snapshot": snapshot}
        connection.execute(REMEMBER, seen)
        given = {"now": parts.now(), "snapshot": snapshot, "moment": moment}
        return parts.jobs.add(connection, "export", request.caller.client, as_json(plan), given)


def refuse_too_many(parts: BulkParts, connection: Connection, client: str, kind: Kind) -> None:
    """Raise TooManyRequests when the client has enough jobs of a kind under way."""
    if parts.jobs.active(connection, client, kind) >= parts.jobs_of_a_client:
        raise TooManyRequests(f"You have as many {kind}s under way as you may.", RETRY_AFTER_S)


def moment_of(connection: Connection) -> tuple[str, datetime]:
    """What is committed now, and the moment: a whole millisecond, not before any of it."""
    snapshot, moment = connection.execute(MOMENT).one()
    rest = timedelta(microseconds=moment.microsecond % 1000)
    return snapshot, moment - rest + (MILLISECOND if rest else timedelta())


def earlier(connection: Connection, site: str, since: datetime | None) -> str | None:
    """What an export of that moment, or the next after it, saw."""
    found: str | None = None
    if since is not None:
        found = connection.execute(EARLIER, {"site": site, "since": since}).scalar_one_or_none()
    return found


def types_of(
    parts: BulkParts, connection: Connection, asked: Asked, caller: Caller
) -> tuple[TypePlan, ...]:
    """Types that are exported: those asked for, or all that are stored and open to the caller."""
    stored = list(connection.execute(TYPES, {"site": parts.keys.site}).scalars())
    wanted = sorted(stored if asked.types is None else asked.types)
    plans = [type_plan(each, asked, caller) for each in wanted]
    found = [each for each in plans if each is not None]
    if asked.types is None and wanted and not found:
        raise Forbidden("search", "any type")
    if asked.provenance and asked.types is not None and "Provenance" not in asked.types:
        found += filter(None, [type_plan("Provenance", asked, caller, associated=True)])
    for each in found:
        inside(parts, connection, each, [NOBODY], caller)
    return tuple(found)


def inside(
    parts: BulkParts,
    connection: Connection,
    plan: TypePlan,
    ids: Collection[str],
    caller: Caller,
) -> set[str]:
    """Those of the ids that are inside a limit of every kind; raises for what cannot be asked."""
    found = set(ids)
    for limits in plan.all_of:
        found &= parts.permitted(connection, plan.resource_type, sorted(ids), limits)
    if plan.filters:
        given = (plan.resource_type, sorted(ids), plan.filters, caller)
        found &= parts.permitted(connection, *given)
    return found


def type_plan(
    resource_type: str, asked: Asked, caller: Caller, *, associated: bool = False
) -> TypePlan | None:
    """What the caller gets of a type; None when it was not asked for by name and is not open.

    Raises Forbidden for a type that was asked for.
    """
    try:
        limits = {caller.limits("read", resource_type), caller.limits("search", resource_type)}
    except Forbidden:
        if asked.types is not None:
            raise
        return None
    queries = [Limit(None, query) for kind, query in asked.filters if kind == resource_type]
    groups = sorted(limits - {()}, key=repr)
    return TypePlan(resource_type, tuple(groups), tuple(queries), associated)


def patients_of(
    connection: Connection, site: str, asked: Asked, request: Request
) -> list[str] | None:
    """Pseudonyms of the patients to export; None for all.

    Raises InvalidRequest when one that was named is not here, or is no member of the group.
    """
    if asked.patients is None:
        return request.members
    given = request.presenter
    named = sorted({given.stored_id("Patient", each) for each in asked.patients})
    here = connection.execute(HERE, {"site": site, "ids": named}).scalar_one()
    outside = request.members is not None and not set(named) <= set(request.members)
    if here != len(named) or outside:
        message = "A patient that was named is not here, or is no member of the group."
        raise InvalidRequest(message, "patient")
    return named


def members_of(parts: BulkParts, caller: Caller, group: StoredResource | None) -> list[str]:
    """Pseudonyms of the active patients of a Group; raises what a read of it would raise."""
    limits = caller.limits("read", "Group")
    if group is None or (limits and not may_read(parts, limits, group)):
        raise ResourceNotFound("Group")
    if group.deleted:
        raise ResourceDeleted("Group")
    found = {member_of(each) for each in group.body.get("member", [])}
    return sorted(found - {""})


def may_read(parts: BulkParts, limits: tuple[Limit, ...], resource: StoredResource) -> bool:
    """Whether a resource is inside one of the limits."""
    id_ = resource.resource_id
    with parts.engine.connect() as connection:
        return bool(parts.permitted(connection, resource.resource_type, [id_], limits))


def member_of(member: object) -> str:
    """The patient of a member; empty for one that has left, or is no patient."""
    if not isinstance(member, dict) or member.get("inactive") is True:
        return ""
    reference = str(member.get("entity", {}).get("reference", ""))
    kind, _, id_ = reference.partition("/_history/")[0].partition("/")
    return id_ if kind == "Patient" else ""
