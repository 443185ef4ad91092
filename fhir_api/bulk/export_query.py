"""The SELECT behind an export: the newest version of each resource as of one moment.

A row is exported when the snapshot of the kick-off shows it: what was committed by then, and
nothing that came later, whenever its transaction began. The same rows come out however often and
from wherever the query is run again. Order is by pseudonym, so that a part can go on after another.
"""

from typing import Any

from fhir_api.bulk.asked import root_elements
from fhir_api.bulk.lines import Query
from fhir_api.bulk.plan import ExportPlan
from fhir_api.bulk.shared import is_shared, lanes_to

SUBSETTED = (
    '[{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]'
)
ALWAYS = {"resourceType", "id", "meta", "implicitRules", "modifierExtension"}
SHOWN = "pg_visible_in_snapshot({0}.transaction_id, %(snapshot)s::pg_snapshot)"
STAMP = """jsonb_build_object('versionId', v.version::text, 'lastUpdated',
    to_char(v.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))"""
WHOLE = f"""CASE WHEN v.body ? 'meta'
    THEN jsonb_set(v.body, '{{meta}}', v.body->'meta' || {STAMP})::text
    ELSE '{{"meta": ' || {STAMP}::text || ', ' || substr(v.body::text, 2) END"""
SUBSET = f"""(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(v.body) e
    WHERE e.key = any(%(elements)s::text[]))
    || jsonb_build_object('meta', coalesce(v.body->'meta', '{{}}') || {STAMP}
       || jsonb_build_object('tag', coalesce(v.body#>'{{meta,tag}}', '[]')
       || '{SUBSETTED}'::jsonb))"""
NEWEST = f"""
    FROM resource_version v
    WHERE v.site = %(site)s AND v.resource_type = %(type)s AND v.resource_id > %(after)s
      AND {SHOWN.format("v")}
      AND NOT EXISTS (
        SELECT FROM resource_version n
        WHERE n.site = v.site AND n.resource_type = v.resource_type
          AND n.resource_id = v.resource_id AND n.version > v.version AND {SHOWN.format("n")})
"""
NAMED_BY = """SELECT FROM search_value s JOIN resource_head h ON h.number = s.resource
    WHERE s.lane = any(%(lanes)s::bigint[]) AND s.code = v.resource_type || '/' || v.resource_id
      AND h.site = v.site AND NOT h.deleted"""
TARGETS = """jsonb_array_elements(
        CASE jsonb_typeof(v.body->'target') WHEN 'array' THEN v.body->'target' ELSE '[]' END) t
    JOIN resource_head h ON h.site = v.site
      AND h.resource_type = split_part(t->>'reference', '/', 1)
      AND h.resource_id = split_part(t->>'reference', '/', 2)"""
LATEST = f"""v.resource_id IN (
    SELECT DISTINCT ON (t->>'reference') v.resource_id
    FROM resource_version v, jsonb_array_elements(v.body->'target') t
    WHERE v.site = %(site)s AND v.resource_type = 'Provenance' AND {SHOWN.format("v")}
      AND jsonb_typeof(v.body->'target') = 'array' AND NOT EXISTS (
        SELECT FROM resource_version n
        WHERE n.site = v.site AND n.resource_type = v.resource_type
          AND n.resource_id = v.resource_id AND n.version > v.version AND {SHOWN.format("n")})
    ORDER BY t->>'reference', v.body->>'recorded' DESC NULLS LAST, v.recorded_at DESC)"""


def output_query(plan: ExportPlan, resource_type: str, after: str, most: int) -> Query:
    """Pseudonym and JSON line of at most `most` resources of a type after a pseudonym."""
    given = parameters(plan, resource_type, after, most)
    conditions = ["NOT v.deleted", *bounds(plan), *scope(plan, resource_type)]
    if plan.elements:
        given["elements"] = kept_elements(plan, resource_type)
    line = f"({SUBSET})::text" if plan.elements else WHOLE
    return Query(selected(f"v.resource_id, {line} AS line", conditions), given)


def deleted_query(plan: ExportPlan, resource_type: str, after: str, most: int) -> Query:
    """Pseudonyms of at most `most` resources of a type that were deleted since."""
    conditions = ["v.deleted", *bounds(plan), *records(plan, resource_type)]
    given = parameters(plan, resource_type, after, most)
    return Query(selected("v.resource_id, '' AS line", conditions), given)


def selected(columns: str, conditions: list[str]) -> str:
    """The statement."""
    where = "".join(f" AND ({each})" for each in conditions)
    return f"SELECT {columns} {NEWEST} {where} ORDER BY v.resource_id LIMIT %(most)s"


def parameters(plan: ExportPlan, resource_type: str, after: str, most: int) -> dict[str, Any]:
    """What the statement is bound to."""
    return {
        "site": plan.site,
        "type": resource_type,
        "after": after,
        "most": most,
        "snapshot": plan.snapshot,
        "since": plan.since,
        "until": plan.until,
        "since_snapshot": plan.since_snapshot,
        "patients": plan.patients,
        "lanes": list(lanes_to(plan.site, resource_type)) if plan.level != "system" else [],
        "types": [each.resource_type for each in plan.types if not each.associated],
    }


def bounds(plan: ExportPlan) -> list[str]:
    """Conditions of `_since` and `_until`.

    After the moment of an earlier export comes also what was begun before it and committed later.
    """
    found = []
    if plan.since is not None:
        later = "v.recorded_at > %(since)s::timestamptz"
        if plan.since_snapshot is not None:
            later += (
                " OR NOT pg_visible_in_snapshot(v.transaction_id, %(since_snapshot)s::pg_snapshot)"
            )
        found.append(later)
    if plan.until is not None:
        found.append("v.recorded_at < %(until)s::timestamptz")
    return found


def scope(plan: ExportPlan, resource_type: str) -> list[str]:
    """Conditions of level, patients and associated data."""
    inside = records(plan, resource_type)
    if resource_type != "Provenance":
        return inside
    found = []
    if inside:
        about = " AND ".join(compartment(plan, "h"))
        found.append(f"{' AND '.join(inside)} OR EXISTS (SELECT FROM {TARGETS} WHERE {about})")
    if plan.provenance:
        of_types = "h.resource_type = any(%(types)s::text[])"
        about = " AND ".join([of_types, *compartment(plan, "h")])
        found.append(f"EXISTS (SELECT FROM {TARGETS} WHERE {about})")
    if plan.provenance == "LatestProvenanceResources":
        found.append(LATEST)
    return found


def records(plan: ExportPlan, resource_type: str) -> list[str]:
    """What is in the patients' records: in their compartments, or named by what is in them."""
    about = compartment(plan, "h")
    if about and is_shared(resource_type):
        return [f"v.patient_id IS NULL AND EXISTS ({NAMED_BY} AND {about[0]})"]
    return compartment(plan, "v")


def compartment(plan: ExportPlan, table: str) -> list[str]:
    """The patients whose resources are exported; nothing for the whole system."""
    if plan.patients is not None:
        return [f"{table}.patient_id = any(%(patients)s::text[])"]
    return [f"{table}.patient_id IS NOT NULL"] if plan.level != "system" else []


def kept_elements(plan: ExportPlan, resource_type: str) -> list[str]:
    """Names that `_elements` keeps of a type: those asked for, and the mandatory ones.

    A type for which nothing was asked is given whole, but for the tag that says so.
    """
    known = root_elements(resource_type)
    asked = {name for kind, name in plan.elements if kind in {"", resource_type}}
    kept = {
        name
        for name, element in known.items()
        if not asked or element.required or name in asked or element.stem in asked
    }
    return sorted(ALWAYS | kept | {f"_{name}" for name in kept})
