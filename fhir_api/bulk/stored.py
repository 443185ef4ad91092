"""What a submission stored: written down before and after, given back, taken away again.

A row is there before its resource is stored, so that a crash in between leaves nothing unknown. A
resource is taken away only while its newest version is the one that the submission stored: what
another source has written since stays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from fhir_api.bulk.intake import Watch
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.parts import BulkParts
from fhir_api.ingest.results import Stored
from fhir_api.store.unit import UnitOfWork
from privacy.pseudonyms import pseudonym

CHUNK = 500
GIVEN = """unnest(cast(:types AS text[]), cast(:ids AS text[])) AS g(resource_type, resource_id)"""
BEFORE = text(f"""
    INSERT INTO bulk_stored (site, job, manifest, resource_type, resource_id, before)
    SELECT :site, :id, :manifest, g.resource_type, g.resource_id, coalesce(h.version, 0)
    FROM (SELECT DISTINCT * FROM {GIVEN}) AS g
    LEFT JOIN resource_head h ON h.site = :site AND h.resource_type = g.resource_type
      AND h.resource_id = g.resource_id
    ON CONFLICT DO NOTHING
""")
AFTER = text("""
    INSERT INTO bulk_stored (site, job, manifest, resource_type, resource_id, before, after)
    SELECT :site, :id, :manifest, * FROM unnest(cast(:types AS text[]), cast(:ids AS text[]),
        cast(:befores AS int[]), cast(:afters AS int[]))
    ON CONFLICT (site, job, manifest, resource_type, resource_id)
    DO UPDATE SET after = greatest(bulk_stored.after, excluded.after)
""")
NOT_STORED = text(f"""
    DELETE FROM bulk_stored s USING {GIVEN}
    WHERE s.site = :site AND s.job = :id AND s.manifest = :manifest AND s.after IS NULL
      AND s.resource_type = g.resource_type AND s.resource_id = g.resource_id
""")
OURS = text("""
    SELECT s.resource_type, s.resource_id
    FROM bulk_stored s
    JOIN resource_head h USING (site, resource_type, resource_id)
    WHERE s.site = :site AND s.job = :id AND s.manifest = any(cast(:manifests AS int[]))
      AND (s.after IS NULL OR s.after <> 0) AND NOT h.deleted
      AND h.version = coalesce(s.after, s.before + 1) AND h.version > s.before
      AND NOT EXISTS (
        SELECT FROM bulk_stored k
        WHERE k.site = s.site AND k.job = s.job AND k.manifest <> ALL(cast(:manifests AS int[]))
          AND k.resource_type = s.resource_type AND k.resource_id = s.resource_id
          AND k.after IS DISTINCT FROM 0)
    ORDER BY 1, 2 LIMIT :most
    FOR UPDATE OF h
""")
TAKE_AWAY = text(f"""
    UPDATE bulk_stored s SET after = 0 FROM {GIVEN}
    WHERE s.site = :site AND s.job = :id AND s.manifest = any(cast(:manifests AS int[]))
      AND s.resource_type = g.resource_type AND s.resource_id = g.resource_id
""")
TYPES = text("""
    SELECT DISTINCT manifest, resource_type FROM bulk_stored
    WHERE site = :site AND job = :id AND after > 0 AND manifest = any(cast(:manifests AS int[]))
    ORDER BY 1, 2
""")
NAMES = text("""
    SELECT DISTINCT resource_type || '/' || resource_id FROM bulk_stored
    WHERE site = :site AND job = :id AND after = 0 ORDER BY 1
""")
Named = Mapping[str, Any]


class SubmissionWatch(Watch):
    """Writes down what one manifest stores."""

    def __init__(self, parts: BulkParts, lease: Lease, manifest: int) -> None:
        self.parts = parts
        self.named = {"site": lease.jobs.site, "id": lease.job.id, "manifest": manifest}
        self.expected: list[tuple[str, str]] = []

    def before(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """Write down what will be stored, as far as its id is known."""
        self.expected = [
            (kind, pseudonym(self.parts.keys, kind, id_))
            for kind, id_ in ((each["resourceType"], each.get("id")) for each in resources)
            if isinstance(id_, str)
        ]
        self.write(BEFORE, self.expected)

    def after(self, stored: Sequence[Stored]) -> None:
        """Write down what was stored, and forget what was not."""
        versions = {
            each.stored: (each.written.version, each.written.outcome != "unchanged")
            for each in stored
        }
        befores = [version - changed for version, changed in versions.values()]
        afters = [version for version, _ in versions.values()]
        self.write(AFTER, list(versions), befores=befores, afters=afters)
        self.write(NOT_STORED, [each for each in self.expected if each not in versions])

    def write(self, statement: Any, keys: Sequence[tuple[str, str]], **more: Any) -> None:
        """Carry out a statement about resources."""
        if keys:
            with self.parts.engine.begin() as connection:
                connection.execute(statement, arrays(keys) | more | self.named)


def take_away(parts: BulkParts, lease: Lease, manifests: Sequence[int]) -> None:
    """Delete what these manifests stored and no other manifest of the submission did."""
    named = {"site": lease.jobs.site, "id": lease.job.id, "manifests": list(manifests)}

    def some(unit: UnitOfWork) -> int:
        rows = unit.connection.execute(OURS, {"most": CHUNK, **named})
        keys = list(dict.fromkeys((kind, id_) for kind, id_ in rows))
        if keys:
            unit.delete(keys)
            unit.connection.execute(TAKE_AWAY, arrays(keys) | named)
        return len(keys)

    while parts.ingestor.store.run(some):
        lease.renew(parts.now(), "taking away what was stored")


def types_stored(
    connection: Connection, lease: Lease, manifests: Sequence[int]
) -> list[tuple[int, str]]:
    """Manifest and type of what stands."""
    given = {"site": lease.jobs.site, "id": lease.job.id, "manifests": list(manifests)}
    return [(manifest, kind) for manifest, kind in connection.execute(TYPES, given)]


def names_taken_away(connection: Connection, lease: Lease) -> list[str]:
    """`Type/pseudonym` of everything that was taken away again."""
    given = {"site": lease.jobs.site, "id": lease.job.id}
    return list(connection.execute(NAMES, given).scalars())


def arrays(keys: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Keys as the two arrays that the statements take."""
    return {"types": [kind for kind, _ in keys], "ids": [id_ for _, id_ in keys]}
