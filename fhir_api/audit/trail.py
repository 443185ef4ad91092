"""The audit trail: one row an access, added with one statement and never changed.

A change is written down as durably as the change itself. A read does not wait for the disk:
Postgres writes its row out within three times `wal_writer_delay` (0.6 s unless set otherwise), so
a crash of the database server may lose the reads of its last 0.6 s; a crash of Homeward loses none.
https://www.postgresql.org/docs/current/wal-async-commit.html
"""

from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from fhir_api.audit.event import Access
from fhir_api.errors import TrailUnavailable
from fhir_api.store.asking import tell

COLUMNS = (
    "site, interaction, action, status, client, fhir_user, patients, resources, query, request_id"
)
VALUES = """
    %(site)s, %(interaction)s, %(action)s, %(status)s, %(client)s, %(fhir_user)s, %(patients)s,
    %(resources)s, %(query)s, %(request_id)s
"""
RECORD = f"INSERT INTO audit_event ({COLUMNS}) VALUES ({VALUES})"
RECORD_SOON = (  # the setting ends with the statement, which is its own transaction
    f"INSERT INTO audit_event ({COLUMNS}) SELECT {VALUES} "
    "FROM set_config('synchronous_commit', 'off', true)"
)


class AuditTrail:
    """The trail of one site.

    Args:
        engine: Of the database; its user may add rows to `audit_event`.
        site: The tenant.
    """

    def __init__(self, engine: Engine, site: str) -> None:
        self.engine = engine
        self.site = site

    def record(self, access: Access) -> None:
        """Add an access; whoever is answered after this is on record.

        Raises TrailUnavailable (503) when it cannot be written.
        """
        statement = RECORD if access.changes else RECORD_SOON
        try:
            tell(self.engine, statement, self.row(access))
        except (psycopg.Error, SQLAlchemyError) as error:
            raise TrailUnavailable from error

    def row(self, access: Access) -> dict[str, Any]:
        """The columns of an access."""
        return {
            "site": self.site,
            "interaction": access.interaction,
            "action": access.action,
            "status": access.status,
            "client": access.client[:255],
            "fhir_user": access.user,
            "patients": list(access.patients),
            "resources": list(access.resources),
            "query": access.query,
            "request_id": access.request_id,
        }
