"""Many resources read with one statement, newest or of a given version, inside a transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from fhir_api.store.records import StoredResource
from fhir_api.store.repository import stored_resource

SEVERAL = text("""
    SELECT v.resource_type, v.resource_id, v.version, v.patient_id, v.recorded_at, v.deleted,
           CASE WHEN w.whole THEN v.body::text END AS body, w.place
    FROM unnest(cast(:types AS text[]), cast(:ids AS text[]), cast(:versions AS int[]),
                cast(:whole AS bool[]))
         WITH ORDINALITY AS w(resource_type, resource_id, version, whole, place)
    JOIN resource_version v
      ON v.site = :site AND v.resource_type = w.resource_type AND v.resource_id = w.resource_id
     AND v.version = coalesce(w.version, (
           SELECT h.version FROM resource_head h
           WHERE h.site = :site AND h.resource_type = w.resource_type
             AND h.resource_id = w.resource_id))
""")


class Wanted(NamedTuple):
    """A resource to be read.

    Attributes:
        resource_type: R4 type name.
        resource_id: Pseudonym.
        version: None for the newest.
        whole: False for its version and time alone.
    """

    resource_type: str
    resource_id: str
    version: int | None = None
    whole: bool = True


def read_several(
    connection: Connection, site: str, wanted: Sequence[Wanted]
) -> list[StoredResource | None]:
    """What is stored of each, in order; None for what is not."""
    found: list[StoredResource | None] = [None] * len(wanted)
    if not wanted:
        return found
    types, ids, versions, whole = (list(each) for each in zip(*wanted, strict=True))
    given = {"site": site, "types": types, "ids": ids, "versions": versions, "whole": whole}
    for *columns, place in connection.execute(SEVERAL, given):
        found[place - 1] = stored_resource(columns)
    return found
