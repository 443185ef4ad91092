"""A job in the hands of one worker.

A worker that dies loses its lease after a while, and another goes on after the last part that was
finished. Whatever a worker writes is written only while it holds the lease, in one transaction with
the question whether it does: so a worker that was thought dead and comes back writes nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from fhir_api.bulk.errors import LeaseLost
from fhir_api.bulk.jobs import LEASE, Job, Jobs, Part

ATTEMPTS = 5  # leases without anything finished
PATIENCE = timedelta(seconds=5)
KEPT = timedelta(hours=24)  # files of a job that has ended
RENEW = text("""
    UPDATE bulk_job SET leased_until = :until, progress = :progress
    WHERE site = :site AND id = :id AND holder = :holder AND state = 'running'
""")
HELD = text("""
    UPDATE bulk_job SET attempt = 1, leased_until = :until
    WHERE site = :site AND id = :id AND holder = :holder AND state = 'running'
""")
ADD_PART = text("""
    INSERT INTO bulk_part
        (site, job, step, number, section, resource_type, file, lines, refused, last)
    VALUES
        (:site, :id, :step, :number, :section, :resource_type, :file, :lines, :refused, :last)
""")
END = text("""
    UPDATE bulk_job SET state = :state, error = :error, expires_at = :expires, holder = NULL,
        leased_until = NULL, progress = 'finished'
    WHERE site = :site AND id = :id AND holder = :holder AND state = 'running'
""")
LET_GO = text("""
    UPDATE bulk_job SET holder = NULL, leased_until = :until
    WHERE site = :site AND id = :id AND holder = :holder AND state = 'running'
""")


class Lease:
    """A job in the hands of one worker; every method raises LeaseLost when it no longer is."""

    def __init__(self, jobs: Jobs, job: Job, holder: str) -> None:
        self.jobs = jobs
        self.job = job
        self.holder = holder
        self.named = {"site": jobs.site, "id": job.id, "holder": holder}

    def renew(self, now: datetime, progress: str) -> None:
        """Keep the job for another while, and say how far it is."""
        with self.jobs.engine.begin() as connection:
            self.still(connection, RENEW, until=now + LEASE, progress=progress[:100])

    def finish_part(self, part: Part, now: datetime) -> None:
        """Write down that a part is finished; it will not be done again."""
        with self.jobs.engine.begin() as connection:
            self.still(connection, HELD, until=now + LEASE)
            row = {name: getattr(part, name) for name in Part.__slots__}
            connection.execute(ADD_PART, row | self.named)

    def end(self, now: datetime, error: str | None = None) -> None:
        """The job is done, or has failed for good."""
        state = "done" if error is None else "failed"
        with self.jobs.engine.begin() as connection:
            self.still(connection, END, state=state, error=error, expires=now + KEPT)

    def let_go(self, now: datetime) -> None:
        """Give the job back, to be tried again in a while, longer each time."""
        with self.jobs.engine.begin() as connection:
            self.still(connection, LET_GO, until=now + self.job.attempt * PATIENCE)

    def still(self, connection: Connection, statement: Any, **given: Any) -> None:
        """Do what only the holder may do."""
        if connection.execute(statement, given | self.named).rowcount != 1:
            raise LeaseLost
