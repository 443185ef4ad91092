"""Jobs in the database: begun by a client, leased by a worker, ended, deleted.

What only the worker that holds a job may do stands in `lease.py`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, text

from fhir_api.bulk.sealing import Seal
from privacy.keys import SiteKeys

Kind = Literal["export", "import", "submission"]
LEASE = timedelta(seconds=60)
ID_BYTES = 24

COLUMNS = """id, kind, client, request, state, stage, progress, attempt, error, snapshot,
    transaction_time, created_at, polled_at, expires_at"""
ADD = text("""
    INSERT INTO bulk_job
        (site, id, kind, client, token, request, state, snapshot, transaction_time, created_at)
    VALUES
        (:site, :id, :kind, :client, :token, :request, :state, :snapshot, :moment, :now)
""")
GET = text(f"SELECT {COLUMNS} FROM bulk_job WHERE site = :site AND id = :id")
FIND = text(f"SELECT {COLUMNS} FROM bulk_job WHERE site = :site AND token = :token FOR UPDATE")
ACTIVE = text("""
    SELECT count(*) FROM bulk_job
    WHERE site = :site AND client = :client AND kind = :kind AND state IN ('waiting', 'running')
""")
LEASED = text(f"""
    UPDATE bulk_job SET state = 'running', holder = :holder, leased_until = :until,
        attempt = attempt + 1
    WHERE (site, id) = (
        SELECT site, id FROM bulk_job
        WHERE site = :site AND (state = 'waiting' OR state = 'running' AND leased_until < :now)
        ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {COLUMNS}
""")
PARTS = text("""
    SELECT step, number, section, resource_type, file, lines, refused, last
    FROM bulk_part WHERE site = :site AND job = :id ORDER BY step, number
""")
POLLED = text("UPDATE bulk_job SET polled_at = :now WHERE site = :site AND id = :id")
TABLES = ("bulk_stored", "bulk_manifest", "bulk_part")
EXPIRED = text("SELECT id FROM bulk_job WHERE site = :site AND expires_at < :now")
KNOWN = text("SELECT id FROM bulk_job WHERE site = :site")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Attributes:
        id: Part of its URL.
        kind: What is to be done.
        client: Who began it.
        request: What was asked, opened.
        state: open, waiting, running, done or failed.
        stage: Of a submission, as its client says.
        progress: A few words for X-Progress.
        attempt: Leases since something was last finished.
        error: Why it failed.
        snapshot: What an export sees.
        transaction_time: Moment of the snapshot.
        created_at: When it was begun.
        polled_at: When its status was last asked for.
        expires_at: When it and its files are removed.
    """

    id: str
    kind: str
    client: str
    request: Any
    state: str
    stage: str
    progress: str
    attempt: int
    error: str | None
    snapshot: str | None
    transaction_time: datetime | None
    created_at: datetime
    polled_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part of a job.

    Attributes:
        step: Of the job's work.
        number: In the step, from 1.
        section: Of the manifest in which its file stands; empty for none.
        resource_type: Of every line.
        file: Its name; empty for none.
        lines: Lines of the file, or resources stored.
        refused: Resources of an input that were not stored.
        last: Where the step goes on; None when it is finished.
    """

    step: str
    number: int
    section: str = ""
    resource_type: str = ""
    file: str = ""
    lines: int = 0
    refused: int = 0
    last: str | None = None


class Jobs:
    """The jobs of one site."""

    def __init__(self, engine: Engine, keys: SiteKeys) -> None:
        self.engine = engine
        self.site = keys.site
        self.seal = Seal(keys)

    def add(
        self,
        connection: Connection,
        kind: Kind,
        client: str,
        request: Any,
        given: Mapping[str, Any],
    ) -> str:
        """Begin a job in the caller's transaction; its id.

        `given` has `now`, and may have `state`, `token`, `snapshot` and `moment`.
        """
        id_ = secrets.token_hex(ID_BYTES)
        sealed = self.seal.close(id_, request)
        row = {"state": "waiting", "token": None, "snapshot": None, "moment": None, **given}
        named = {"site": self.site, "id": id_, "kind": kind, "client": client, "request": sealed}
        connection.execute(ADD, row | named)
        return id_

    def get(self, id_: str) -> Job | None:
        """A job, or None."""
        with self.engine.connect() as connection:
            row = connection.execute(GET, {"site": self.site, "id": id_}).one_or_none()
        return None if row is None else self.job_of(row)

    def find(self, connection: Connection, token: str) -> Job | None:
        """The submission of this token, locked until the transaction ends, or None."""
        row = connection.execute(FIND, {"site": self.site, "token": token}).one_or_none()
        return None if row is None else self.job_of(row)

    def active(self, connection: Connection, client: str, kind: Kind) -> int:
        """How many jobs of a kind a client has that have not ended."""
        given = {"site": self.site, "client": client, "kind": kind}
        return int(connection.execute(ACTIVE, given).scalar_one())

    def polled(self, id_: str, now: datetime) -> None:
        """Remember that the status was asked for."""
        with self.engine.begin() as connection:
            connection.execute(POLLED, {"site": self.site, "id": id_, "now": now})

    def parts(self, id_: str) -> list[Part]:
        """Finished parts in their order."""
        with self.engine.connect() as connection:
            rows = connection.execute(PARTS, {"site": self.site, "id": id_}).all()
        return [Part(*row) for row in rows]

    def remove(self, id_: str) -> None:
        """Forget a job and everything about it; a worker that has it will notice."""
        with self.engine.begin() as connection:
            for table in TABLES:
                statement = text(f"DELETE FROM {table} WHERE site = :site AND job = :id")
                connection.execute(statement, {"site": self.site, "id": id_})
            statement = text("DELETE FROM bulk_job WHERE site = :site AND id = :id")
            connection.execute(statement, {"site": self.site, "id": id_})

    def expired(self, now: datetime) -> list[str]:
        """Jobs whose time is over."""
        with self.engine.connect() as connection:
            return list(connection.execute(EXPIRED, {"site": self.site, "now": now}).scalars())

    def known(self) -> set[str]:
        """Every job there is."""
        with self.engine.connect() as connection:
            return set(connection.execute(KNOWN, {"site": self.site}).scalars())

    def lease(self, holder: str, now: datetime) -> Job | None:
        """The oldest job that nobody works on, held from now on; None when there is none."""
        given = {"site": self.site, "holder": holder, "now": now, "until": now + LEASE}
        with self.engine.begin() as connection:
            row = connection.execute(LEASED, given).one_or_none()
        return None if row is None else self.job_of(row)

    def job_of(self, row: Row[Any]) -> Job:
        """A row as a job, what was asked opened."""
        values = row._asdict()
        values["request"] = self.seal.open(row.id, bytes(row.request))
        return Job(**values)
