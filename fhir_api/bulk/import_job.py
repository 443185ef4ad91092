"""An import carried out: one file after the other, each finished one written down.

Whoever goes on after a crash reads the file again over which the worker died: storing the same
resources twice changes nothing.
"""

from typing import Any

from fhir_api.bulk.intake import Intake, Watch
from fhir_api.bulk.jobs import Job, Part
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.manifest import instant
from fhir_api.bulk.order import reading_order
from fhir_api.bulk.parts import BulkParts

STEP = "input/{:05d}"


def carry_out(parts: BulkParts, lease: Lease) -> None:
    """Read what is left of the files, and end the job."""
    done = parts.jobs.parts(lease.job.id)
    parts.files.keep_only(lease.job.id, {each.file for each in done})
    finished = {each.step for each in done}
    inputs = lease.job.request["input"]
    for place, index in enumerate(reading_order(inputs), start=1):
        if STEP.format(index) not in finished:
            resource_type, url = inputs[index]
            progress = f"file {place} of {len(inputs)}"
            part = read_file(parts, lease, (index, resource_type, url), progress)
            lease.finish_part(part, parts.now())
    lease.end(parts.now())


def read_file(parts: BulkParts, lease: Lease, given: tuple[int, str, str], progress: str) -> Part:
    """Take one file in; what it came to."""
    index, resource_type, url = given

    def keep() -> None:
        lease.renew(parts.now(), progress)

    with parts.files.writing(lease.job.id, f"outcome-{index:05d}") as draft:
        tally = Intake(parts, draft, Watch(), keep).read(url, resource_type)
        file = draft.finish()
    return Part(STEP.format(index), 1, "output", resource_type, file, tally.stored, tally.refused)


def import_manifest(bulk: BulkParts, job: Job, url: str) -> dict[str, Any]:
    """What became of each file, in the order they were given."""
    inputs, parts = job.request["input"], bulk.jobs.parts(job.id)
    output, errors = [], []
    for (kind, source), part in zip(inputs, parts, strict=True):
        outcome = {"inputUrl": source, "url": f"{url}/{part.file}"}
        output.append({"type": kind, "count": part.lines, **outcome})
        if part.refused:
            errors.append({"type": "OperationOutcome", "count": part.refused, **outcome})
    return {
        "transactionTime": instant(job.created_at),
        "request": job.request["url"],
        "requiresAccessToken": job.request["needs_token"],
        "output": output,
        "error": errors,
    }
