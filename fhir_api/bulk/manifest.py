"""The manifest of a job that is done.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---output-manifest
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fhir_api.bulk.jobs import Job, Part
from fhir_api.bulk.parts import BulkParts


def export_manifest(bulk: BulkParts, job: Job, url: str) -> dict[str, Any]:
    """Of an export; `url` is the job's own, under which its files lie."""
    parts = bulk.jobs.parts(job.id)
    return {
        "transactionTime": instant(job.transaction_time or job.created_at),
        "request": job.request["url"],
        "requiresAccessToken": job.request["needs_token"],
        "output": section("output", parts, url),
        "deleted": section("deleted", parts, url),
        "error": section("error", parts, url),
        "extension": {},
    }


def section(name: str, parts: Sequence[Part], url: str) -> list[dict[str, Any]]:
    """The files of one section; empty when it has none."""
    return [
        {"type": each.resource_type, "url": f"{url}/{each.file}", "count": each.lines}
        for each in parts
        if each.section == name and each.file
    ]


def instant(moment: datetime) -> str:
    """A moment as FHIR writes it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
