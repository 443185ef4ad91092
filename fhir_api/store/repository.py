"""The one object that reads and writes stored resources of a site."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from fhir_api.errors import StoreUnavailable, VersionConflict
from fhir_api.json_text import parse_own
from fhir_api.store.asking import ask
from fhir_api.store.records import FeedPosition, StoredResource, Written
from fhir_api.store.unit import Token, UnitOfWork
from fhir_api.store.vault import Vault
from privacy.records import CleanResource

ATTEMPTS = 8
CONFLICTS = {"23505", "40001", "40P01"}  # unique violation, serialization failure, deadlock
Result = TypeVar("Result")

COLUMNS = """v.resource_type, v.resource_id, v.version, v.patient_id, v.recorded_at, v.deleted,
    v.body::text"""
NEWEST = f"""
    SELECT {COLUMNS}
    FROM resource_version v
    JOIN resource_head h USING (site, resource_type, resource_id, version)
    WHERE v.site = %(site)s
"""
READ = f"{NEWEST} AND v.resource_type = %(type)s AND v.resource_id = %(id)s"
READ_VERSION = f"""
    SELECT {COLUMNS} FROM resource_version v
    WHERE v.site = %(site)s AND v.resource_type = %(type)s AND v.resource_id = %(id)s
      AND v.version = %(version)s
"""
OF_PATIENT = f"""{NEWEST} AND v.patient_id = %(patient_id)s
    AND (%(types)s::text[] IS NULL OR v.resource_type = any(%(types)s::text[]))
    AND (v.transaction_id >= %(after)s::text::xid8
         OR %(after)s::text IS NULL AND NOT v.deleted)
    ORDER BY v.seq
"""
WATERMARK = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


class ResourceStore:
    """De-identified resources of one site in Postgres, with every version kept.

    `site` is the tenant; `policy` the name and digest of the policy that cleaned what is
    written, kept beside each version; `vault` keeps its real names, or is None.
    """

    def __init__(self, engine: Engine, site: str, policy: str, vault: Vault | None = None) -> None:
        self.engine = engine
        self.site = site
        self.policy = policy
        self.vault = vault

    def run(self, work: Callable[[UnitOfWork], Result]) -> Result:
        """Do `work` in one transaction; when other writers are in the way, all of it again.

        `work` may be called several times and must begin from nothing each time. Raises
        VersionConflict when others are still in the way after eight attempts, StoreUnavailable
        when the database does not answer.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.engine.begin() as connection:
                    return work(UnitOfWork(connection, self.site, self.policy, self.vault))
            except (DBAPIError, psycopg.Error) as error:
                give_up_unless_conflict(error)
        raise VersionConflict(ATTEMPTS)

    def write(self, resources: Sequence[CleanResource]) -> list[Written]:
        """Store resources in one transaction; one `Written` for each, in order."""
        return self.run(lambda unit: unit.write(resources))

    def find_by_tokens(self, pairs: Collection[Token]) -> dict[Token, list[str]]:
        """Pseudonyms of the resources that carry each (type, identifier token)."""
        return self.run(lambda unit: unit.find_by_tokens(pairs))

    def read(self, resource_type: str, resource_id: str) -> StoredResource | None:
        """The newest version, be it a deletion; None when there was never one."""
        found = self.fetch(READ, {"type": resource_type, "id": resource_id})
        return found[0] if found else None

    def read_version(
        self, resource_type: str, resource_id: str, version: int
    ) -> StoredResource | None:
        """One version; None when there was never such a one."""
        given = {"type": resource_type, "id": resource_id, "version": version}
        found = self.fetch(READ_VERSION, given)
        return found[0] if found else None

    def patient_resources(
        self,
        patient_id: str,
        after: FeedPosition | None = None,
        types: Collection[str] | None = None,
    ) -> list[StoredResource]:
        """The newest versions in a patient's compartment, in the order they were stored.

        With `after`, only those that transactions from that position on have written, deletions
        among them; without it, everything that is not deleted.
        """
        given = {
            "patient_id": patient_id,
            "types": None if types is None else sorted(types),
            "after": None if after is None else str(after.transaction_id),
        }
        return self.fetch(OF_PATIENT, given)

    def watermark(self) -> int:
        """A transaction id below which every row is committed and visible."""
        with self.engine.connect() as connection:
            return int(connection.execute(WATERMARK).scalar_one())

    def fetch(self, query: str, given: dict[str, Any]) -> list[StoredResource]:
        """Rows of a query that selects what NEWEST selects."""
        try:
            rows = ask(self.engine, query, given | {"site": self.site})
        except psycopg.Error as error:
            give_up_unless_conflict(error)
            raise
        return [stored_resource(row) for row in rows]


def stored_resource(row: Sequence[Any]) -> StoredResource:
    """A row of NEWEST as a record; times in UTC whatever the session's zone is."""
    kind, id_, version, patient_id, recorded_at, deleted, body = tuple[Any, ...](row)
    content = parse_own(body) if body else {}
    moment = recorded_at.astimezone(UTC)
    return StoredResource(kind, id_, version, patient_id, moment, deleted, content)


def give_up_unless_conflict(error: DBAPIError | psycopg.Error) -> None:
    """Return for a conflict with another writer, which is worth another attempt; else raise."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlstate", None) in CONFLICTS:
        return
    if isinstance(cause, psycopg.OperationalError):
        raise StoreUnavailable from error
    raise error
