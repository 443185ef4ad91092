"""Submissions and their manifests in the database: what is added, what is next, what is over."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from fhir_api.bulk.jobs import Job, Jobs
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.submit_asked import Submission
from fhir_api.errors import InvalidRequest, VersionConflict

ABANDONED = timedelta(days=30)
ADD = text("""
    INSERT INTO bulk_manifest (site, job, number, token, request, state, replaces)
    VALUES (:site, :id, :number, :token, :request, 'waiting', :replaces)
""")
ALL = text("""
    SELECT number, token, request, state, replaces FROM bulk_manifest
    WHERE site = :site AND job = :id ORDER BY number
""")
MARK = text("""
    UPDATE bulk_manifest SET state = :state WHERE site = :site AND job = :id AND number = :number
""")
GO_ON = text("""
    UPDATE bulk_job SET stage = :stage, expires_at = :expires,
        state = CASE WHEN state = 'open' AND :more THEN 'waiting' ELSE state END
    WHERE site = :site AND id = :id
""")
LOCK = text("SELECT stage FROM bulk_job WHERE site = :site AND id = :id FOR UPDATE")
REST = text("""
    UPDATE bulk_job SET state = 'open', holder = NULL, leased_until = NULL,
        progress = 'waiting for the next manifest'
    WHERE site = :site AND id = :id AND holder = :holder AND state = 'running'
      AND stage = 'in-progress' AND NOT EXISTS (
        SELECT FROM bulk_manifest m
        WHERE m.site = :site AND m.job = :id AND m.state = 'waiting')
""")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest of a submission.

    Attributes:
        number: As it came, from 1.
        url: Where it is.
        headers: To send when it and its files are fetched.
        state: waiting, done or replaced.
        replaces: Number of the manifest it stands in for, or None.
    """

    number: int
    url: str
    headers: dict[str, str] = field(repr=False)
    state: str
    replaces: int | None


def token_of(jobs: Jobs, client: str, asked: Submission) -> str:
    """The keyed token by which a client's submission is found."""
    return jobs.seal.token("submission", client, asked.system, asked.submitter, asked.submission_id)


def receive(jobs: Jobs, client: str, asked: Submission, url: str, now: datetime) -> None:
    """Take down what a client says of its submission, which begins with the first word of it.

    Raises InvalidRequest when it is complete or stopped already, or when the manifest to replace
    was never sent.
    """
    for _ in range(2):
        try:
            with jobs.engine.begin() as connection:
                job = jobs.find(connection, token_of(jobs, client, asked))
                job_id = job.id if job else begin(jobs, connection, client, asked, url, now)
                take_down(jobs, connection, job_id, job, asked, now)
                return
        except IntegrityError:
            continue  # two first words at once: the other was faster, and is found now
    raise VersionConflict(2)


def begin(
    jobs: Jobs, connection: Connection, client: str, asked: Submission, url: str, now: datetime
) -> str:
    """Begin a submission; its job's id."""
    request = {"submission_id": asked.submission_id, "url": url}
    given = {"now": now, "state": "open", "token": token_of(jobs, client, asked)}
    return jobs.add(connection, "submission", client, request, given)


def take_down(
    jobs: Jobs, connection: Connection, id_: str, job: Job | None, asked: Submission, now: datetime
) -> None:
    """Add the manifest, if there is one, and the stage."""
    if job is not None and (job.stage != "in-progress" or job.state in {"done", "failed"}):
        message = "The submission has been completed or stopped; begin another."
        raise InvalidRequest(message, "submissionId")
    named = {"site": jobs.site, "id": id_}
    more = asked.stage != "in-progress"
    if asked.manifest_url is not None:
        more = add_manifest(jobs, connection, id_, asked) or more
    given = {"stage": asked.stage, "expires": now + ABANDONED, "more": more}
    connection.execute(GO_ON, given | named)


def add_manifest(jobs: Jobs, connection: Connection, id_: str, asked: Submission) -> bool:
    """Add a manifest; False when it was sent before."""
    named = {"site": jobs.site, "id": id_}
    known = {row.token: row.number for row in connection.execute(ALL, named)}
    url = str(asked.manifest_url)
    token = jobs.seal.token("manifest", url)
    if token in known:
        return False
    replaces = known.get(jobs.seal.token("manifest", asked.replaces)) if asked.replaces else None
    if asked.replaces and replaces is None:
        message = "The manifest to be replaced was not sent with this submission."
        raise InvalidRequest(message, "replacesManifestUrl")
    sealed = jobs.seal.close(id_, {"url": url, "headers": asked.headers})
    row = {"number": len(known) + 1, "token": token, "request": sealed, "replaces": replaces}
    connection.execute(ADD, row | named)
    return True


def manifests(jobs: Jobs, id_: str) -> list[Manifest]:
    """The manifests of a submission as they came."""
    with jobs.engine.connect() as connection:
        rows = connection.execute(ALL, {"site": jobs.site, "id": id_}).all()
    return [
        Manifest(number, opened["url"], opened["headers"], state, replaces)
        for number, _, sealed, state, replaces in rows
        for opened in [jobs.seal.open(id_, bytes(sealed))]
    ]


def mark(lease: Lease, number: int, state: str) -> None:
    """Write down that a manifest is done, or replaced."""
    with lease.jobs.engine.begin() as connection:
        connection.execute(MARK, {"number": number, "state": state, **lease.named})


def rest(lease: Lease) -> bool:
    """Let go until the client says more; False when it has by now.

    The job's row is locked first, so that a manifest that comes at the same time is seen.
    """
    with lease.jobs.engine.begin() as connection:
        connection.execute(LOCK, lease.named)
        return connection.execute(REST, lease.named).rowcount == 1
