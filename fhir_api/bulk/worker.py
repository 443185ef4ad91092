"""Works jobs off, one after the other, in a thread of the server or in a process of its own.

A job is tried a few times when the database or another writer was in the way; a mistake of our own
ends it, so that its client is told and does not wait for ever. Any number of workers may run.
"""

import logging
import secrets
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

from fhir_api.bulk import export, import_job, submission_job
from fhir_api.bulk.errors import LeaseLost
from fhir_api.bulk.lease import ATTEMPTS, Lease
from fhir_api.bulk.parts import BulkParts
from fhir_api.errors import FhirError, OurMistake, StoreUnavailable, VersionConflict

LOG = logging.getLogger("homeward.bulk")
PAUSE_S = 1.0
IN_THE_WAY = (StoreUnavailable, VersionConflict)
GIVEN_UP = "The job was interrupted again and again, and has been given up. Begin a new one."
WORK: Mapping[str, Callable[[BulkParts, Lease], None]] = {
    "export": export.carry_out,
    "import": import_job.carry_out,
    "submission": submission_job.carry_out,
}


def run_pending(parts: BulkParts, holder: str | None = None) -> int:
    """Work until no job waits; how many were worked on."""
    holder = holder or secrets.token_hex(8)
    clear_away(parts)
    worked = 0
    while run_next(parts, holder):
        worked += 1
    return worked


def run_until(parts: BulkParts, stop: Event, pause_s: float = PAUSE_S) -> None:
    """Work whenever there is a job, until `stop` is set; for a thread of the server."""
    while not stop.is_set():
        try:
            run_pending(parts)
        except Exception as error:
            log_mistake(error)  # a database that is away must not end the thread
        stop.wait(pause_s)


def run_next(parts: BulkParts, holder: str) -> bool:
    """Lease one job and work on it; whether there was one."""
    job = parts.jobs.lease(holder, parts.now())
    if job is None:
        return False
    lease = Lease(parts.jobs, job, holder)
    try:
        work(parts, lease)
    except LeaseLost:
        if parts.jobs.get(job.id) is None:
            parts.files.remove(job.id)
    return True


def work(parts: BulkParts, lease: Lease) -> None:
    """Carry a job out, or end it with what is wrong; raises LeaseLost."""
    if lease.job.attempt > ATTEMPTS:
        lease.end(parts.now(), GIVEN_UP)
        return
    try:
        WORK[lease.job.kind](parts, lease)
    except LeaseLost:
        raise
    except IN_THE_WAY:
        lease.let_go(parts.now())
    except FhirError as error:
        lease.end(parts.now(), str(error))
    except Exception as error:
        log_mistake(error)
        lease.end(parts.now(), str(OurMistake(error)))


def log_mistake(error: Exception) -> None:
    """Log on what kind of error we broke and where; its message may hold a value, and stays out."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s at %s:%s", type(error).__name__, Path(last.filename).name, last.lineno)


def clear_away(parts: BulkParts) -> None:
    """Remove jobs whose time is over, and folders of jobs that nobody knows."""
    for each in parts.jobs.expired(parts.now()):
        parts.jobs.remove(each)
        parts.files.remove(each)
    for each in set(parts.files.jobs()) - parts.jobs.known():
        parts.files.remove(each)
