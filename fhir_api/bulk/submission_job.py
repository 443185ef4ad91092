"""A submission carried out: its manifests in the order they came, then what became of them.

The worker lets go while the client has more to say. When it says that it is complete, the resources
are given back as they are stored, de-identified; when it stops, what was stored is taken away.
"""

from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import Any

from fhir_api.bulk.intake import Intake, Tally, Watch
from fhir_api.bulk.jobs import Part
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.order import reading_order
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.stored import SubmissionWatch, take_away
from fhir_api.bulk.submission_end import give_back, tell_taken_away
from fhir_api.bulk.submissions import Manifest, manifests, mark, rest
from fhir_api.errors import FhirError, InvalidRequest, NotSupported
from fhir_api.json_text import parse
from fhir_api.validation.elements import resource_types

OK = 200


class Stopped(Exception):
    """The client has stopped its submission while a file was read."""


def carry_out(parts: BulkParts, lease: Lease) -> None:
    """Do what there is to do for a submission, and end it or let it rest."""
    while (stage := stage_of(parts, lease)) != "stopped":
        known = manifests(parts.jobs, lease.job.id)
        waiting = [each for each in known if each.state == "waiting"]
        if waiting:
            with suppress(Stopped):
                take_in(parts, lease, waiting[0])
        elif stage == "completed":
            give_back(parts, lease, [each.number for each in known if each.state == "done"])
            break
        elif rest(lease):
            return
    else:
        known = manifests(parts.jobs, lease.job.id)
        take_away(parts, lease, [each.number for each in known])
    tell_taken_away(parts, lease)
    lease.end(parts.now())


def stage_of(parts: BulkParts, lease: Lease) -> str:
    """What the client says now; a submission that is gone counts as stopped."""
    job = parts.jobs.get(lease.job.id)
    return job.stage if job else "stopped"


def take_in(parts: BulkParts, lease: Lease, manifest: Manifest) -> None:
    """Store what the files of a manifest hold, and take away what it replaces."""
    done = parts.jobs.parts(lease.job.id)
    parts.files.keep_only(lease.job.id, {each.file for each in done})
    finished = {each.step for each in done}
    files = files_of(parts, manifest, lease, finished)
    for index in reading_order(files):
        resource_type, url = files[index]
        step = f"manifest/{manifest.number:04d}/{index:05d}"
        if step not in finished:
            watch = SubmissionWatch(parts, lease, manifest.number)
            read = partial(read_file, url, resource_type, manifest.headers)
            outcome(parts, lease, step, watch, read)
    if manifest.replaces is not None:
        take_away(parts, lease, [manifest.replaces])
        mark(lease, manifest.replaces, "replaced")
    mark(lease, manifest.number, "done")


def files_of(
    parts: BulkParts, manifest: Manifest, lease: Lease, finished: Collection[str]
) -> list[tuple[str, str]]:
    """Type and URL of each file of a manifest; none, and an outcome, when it cannot be read."""
    try:
        return read_manifest(parts, manifest)
    except FhirError as error:
        step = f"manifest/{manifest.number:04d}/unread"
        if step not in finished:
            outcome(parts, lease, step, Watch(), partial(refuse, error))
        return []


def read_manifest(parts: BulkParts, manifest: Manifest) -> list[tuple[str, str]]:
    """The files that a manifest names; raises FhirError."""
    answer = parts.sources.get(manifest.url, manifest.headers)
    if answer.status != OK:
        raise InvalidRequest(f"The manifest was answered with status {answer.status}.")
    value = parse(answer.body)
    output = value.get("output") if isinstance(value, dict) else None
    if not isinstance(output, list):
        raise InvalidRequest("The manifest must be an object with a list of output.", "output")
    if value.get("link") or value.get("deleted"):
        raise NotSupported(
            "The manifest has link or deleted, which are not carried out: send each manifest "
            "by itself, and delete by transactions."
        )
    return [file_of(each, f"output[{index}]") for index, each in enumerate(output)]


def file_of(given: Any, path: str) -> tuple[str, str]:
    """Type and URL of one file of a manifest."""
    if not isinstance(given, dict) or given.get("type") not in resource_types():
        raise InvalidRequest(f"{path}.type must be a resource type of R4.", f"{path}.type")
    if not isinstance(given.get("url"), str):
        raise InvalidRequest(f"{path}.url must be an address.", f"{path}.url")
    return given["type"], given["url"]


def read_file(url: str, resource_type: str, headers: dict[str, str], intake: Intake) -> Tally:
    """Take one file in."""
    return intake.read(url, resource_type, headers)


def refuse(error: FhirError, intake: Intake) -> Tally:
    """Tell why a manifest was not read."""
    intake.refuse(None, error)
    return intake.tally


def outcome(parts: BulkParts, lease: Lease, step: str, watch: Watch, read: Any) -> None:
    """Carry out a step whose outcome is told in a file; raises Stopped when the client stops."""

    def keep() -> None:
        lease.renew(parts.now(), step)
        if stage_of(parts, lease) == "stopped":
            raise Stopped

    with parts.files.writing(lease.job.id, step.replace("/", "-")) as draft:
        tally: Tally = read(Intake(parts, draft, watch, keep))
        part = Part(
            step, 1, "outcome", "OperationOutcome", draft.finish(), tally.stored, tally.refused
        )
    lease.finish_part(part, parts.now())
