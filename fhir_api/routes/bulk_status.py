"""The status of a bulk job, its files, and its end.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from fhir_api.audit.access import about
from fhir_api.bulk.errors import JobFailed, NoSuchJob, TooManyRequests
from fhir_api.bulk.import_job import import_manifest
from fhir_api.bulk.jobs import Job
from fhir_api.bulk.manifest import export_manifest
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.submission_end import submission_manifest
from fhir_api.errors import InvalidRequest
from fhir_api.json_text import dump
from fhir_api.routes.parts import FhirApi

PLACE = "_bulk"
NDJSON = "application/fhir+ndjson"
PIECE = 1 << 18
SOONEST, LATEST = timedelta(seconds=1), timedelta(seconds=30)
GZIP = 16 + zlib.MAX_WBITS


def register(router: APIRouter, api: FhirApi, parts: BulkParts) -> None:
    """Add the routes of these requests."""

    def mine(request: Request, id_: str) -> Job:
        job = parts.jobs.get(id_)
        if job is None or job.client != api.authenticate(request).client:
            raise NoSuchJob
        about(request, interaction=OPERATIONS[job.kind])
        return job

    @router.get(f"/{PLACE}/{{job_id}}", name="bulk-status")
    def status(job_id: str, request: Request) -> Response:
        job = mine(request, job_id)
        if job.state == "failed":
            raise JobFailed(job.error or "The job failed.")
        if job.state != "done":
            return under_way(parts, job)
        return manifest_response(job, parts, address(api, request, job.id))

    @router.delete(f"/{PLACE}/{{job_id}}", name="bulk-delete")
    def delete(job_id: str, request: Request) -> Response:
        remove(parts, mine(request, job_id))
        return Response(status_code=202)

    @router.get(f"/{PLACE}/{{job_id}}/{{name}}", name="bulk-file")
    def file(job_id: str, name: str, request: Request) -> Response:
        job = mine(request, job_id)
        part = next((each for each in parts.jobs.parts(job.id) if each.file == name), None)
        path = parts.files.path(job.id, name)
        if part is None or path is None:
            raise NoSuchJob
        about(request, interaction=f"{OPERATIONS[job.kind]} of {part.resource_type}")
        if part.section == "output" and job.kind == "export":
            api.authenticate(request).limits("read", part.resource_type)
        return file_response(request, path)


def remove(parts: BulkParts, job: Job) -> None:
    """Forget a job with its files; raises InvalidRequest for a submission that is not over."""
    if job.kind == "submission" and job.state not in {"done", "failed"}:
        raise InvalidRequest("Send $bulk-submit with submissionStatus stopped to end it.")
    parts.jobs.remove(job.id)
    parts.files.remove(job.id)


def address(api: FhirApi, request: Request, id_: str) -> str:
    """The URL of a job."""
    return f"{api.base(request)}/{PLACE}/{id_}"


def accepted(api: FhirApi, request: Request, id_: str) -> Response:
    """The answer to a kick-off: where to ask for the status."""
    return Response(status_code=202, headers={"Content-Location": address(api, request, id_)})


def under_way(parts: BulkParts, job: Job) -> Response:
    """How far a job is; raises TooManyRequests for a client that does not wait as it was told."""
    now = parts.now()
    wait = min(max((now - job.created_at) / 10, SOONEST), LATEST)
    if job.polled_at is not None and now - job.polled_at < wait / 2:
        raise TooManyRequests("You ask for the status too often.", int(wait.total_seconds()))
    parts.jobs.polled(job.id, now)
    headers = {"X-Progress": job.progress, "Retry-After": str(int(wait.total_seconds()))}
    return Response(status_code=202, headers=headers)


def manifest_response(job: Job, parts: BulkParts, url: str) -> Response:
    """The manifest of a job that is done."""
    headers = {"Expires": http_date(job.expires_at or parts.now())}
    return Response(dump(MANIFESTS[job.kind](parts, job, url)), 200, headers, "application/json")


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it (RFC 9110, 5.6.7)."""
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def file_response(request: Request, path: Path) -> Response:
    """A file, packed on the way for clients that take gzip."""
    if request.method != "GET" or not takes_gzip(request.headers.get("accept-encoding", "")):
        return FileResponse(path, media_type=NDJSON, headers={"Vary": "Accept-Encoding"})
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return StreamingResponse(packed(path), 200, headers, NDJSON)


def takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip, and does not rule it out."""
    for each in header.lower().split(","):
        name, _, quality = each.partition(";")
        if name.strip() in {"gzip", "*"}:
            return quality.replace(" ", "").removeprefix("q=").strip("0.") != "" or not quality
    return False


def packed(path: Path) -> Iterator[bytes]:
    """A file as gzip, piece by piece."""
    packer = zlib.compressobj(1, wbits=GZIP)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield packer.compress(piece)
    yield packer.flush()


OPERATIONS = {"export": "$export", "import": "$import", "submission": "$bulk-submit"}
MANIFESTS = {
    "export": export_manifest,
    "import": import_manifest,
    "submission": submission_manifest,
}
