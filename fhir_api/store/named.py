"""A resource with the real names of what it refers to, in one trip: what a read answers from."""

import psycopg

from fhir_api.store.asking import ask
from fhir_api.store.records import StoredResource
from fhir_api.store.repository import (
    COLUMNS,
    ResourceStore,
    give_up_unless_conflict,
    stored_resource,
)
from fhir_api.store.vault import IDENTIFIERS, Vault

READ_NAMED = f"""
    SELECT {COLUMNS}, n.names, n.sealed
    FROM resource_version v
    JOIN resource_head h USING (site, resource_type, resource_id, version)
    CROSS JOIN LATERAL (
        SELECT array_agg(name) AS names, array_agg(sealed) AS sealed FROM vault_name
        WHERE site = %(site)s AND name = any(%(own)s || ARRAY(
            SELECT split_part(found #>> '{{}}', '/_history/', 1)
            FROM jsonb_path_query(v.body, '$.**.reference') AS found))
    ) n
    WHERE v.site = %(site)s AND v.resource_type = %(type)s AND v.resource_id = %(id)s
"""
Named = tuple[StoredResource, dict[str, str]]


def read_named(
    store: ResourceStore, vault: Vault, resource_type: str, resource_id: str
) -> Named | None:
    """The newest version, be it a deletion, and the real names that are known; None when never."""
    name = f"{resource_type}/{resource_id}"
    given = {
        "site": store.site,
        "type": resource_type,
        "id": resource_id,
        "own": [name, name + IDENTIFIERS],
    }
    try:
        rows = ask(store.engine, READ_NAMED, given)
    except psycopg.Error as error:
        give_up_unless_conflict(error)
        raise
    if not rows:
        return None
    *columns, names, sealed = rows[0]
    return stored_resource(columns), vault.opened(zip(names or (), sealed or (), strict=True))
