"""The end of a submission: what was stored is given back, what was taken away is told.

The resources go back as they are stored, de-identified: that is what a submitter may have of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_api.bulk.export import deletions
from fhir_api.bulk.export_query import WHOLE
from fhir_api.bulk.files import Draft
from fhir_api.bulk.jobs import Job, Part
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.lines import Query, copy_lines
from fhir_api.bulk.manifest import instant, section
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.stored import names_taken_away, types_stored
from fhir_api.bulk.submissions import manifests
from fhir_api.json_text import dump

MANIFEST_TYPE = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/BulkSubmitStatusManifest"
STORED = f"""
    SELECT {WHOLE} AS line
    FROM bulk_stored s
    JOIN resource_head h USING (site, resource_type, resource_id)
    JOIN resource_version v USING (site, resource_type, resource_id, version)
    WHERE s.site = %(site)s AND s.job = %(job)s AND s.manifest = %(manifest)s AND s.after > 0
      AND s.resource_type = %(type)s AND s.resource_id > %(after)s AND NOT v.deleted
    ORDER BY s.resource_id LIMIT %(most)s
"""


def give_back(parts: BulkParts, lease: Lease, numbers: Sequence[int]) -> None:
    """Files of the resources as they are stored, by manifest and type."""
    done = parts.jobs.parts(lease.job.id)
    with parts.engine.connect() as connection:
        wanted = types_stored(connection, lease, numbers)
    for manifest, resource_type in wanted:
        step = f"output/{manifest:04d}/{resource_type}"
        finished = [each for each in done if each.step == step]
        after = finished[-1].last if finished else ""
        number = len(finished)
        while after is not None:
            number += 1
            part = stored_part(parts, lease, (step, number), (manifest, resource_type, after))
            lease.finish_part(part, parts.now())
            after = part.last


def stored_part(
    parts: BulkParts, lease: Lease, place: tuple[str, int], what: tuple[int, str, str]
) -> Part:
    """One file of what a manifest stored of a type."""
    step, number = place
    manifest, resource_type, after = what
    most = parts.lines_of_a_file
    given = {
        "site": lease.jobs.site, "job": lease.job.id, "manifest": manifest,
        "type": resource_type, "after": after, "most": most,
    }  # fmt: skip
    with parts.files.writing(lease.job.id, f"{step.replace('/', '-')}-{number:04d}") as draft:
        last = copy_lines(parts.engine, Query(STORED, given), draft.write)
        file = draft.finish() if draft.lines else ""
    more = last if draft.lines >= most else None
    return Part(step, number, "output" if file else "", resource_type, file, draft.lines, 0, more)


def tell_taken_away(parts: BulkParts, lease: Lease) -> None:
    """A file of transactions that delete what was taken away."""
    if any(each.step == "deleted" for each in parts.jobs.parts(lease.job.id)):
        return
    with parts.engine.connect() as connection:
        names = names_taken_away(connection, lease)
    with parts.files.writing(lease.job.id, "deleted") as draft:
        write_all(draft, deletions(names))
        file = draft.finish() if draft.lines else ""
    part = Part("deleted", 1, "deleted" if file else "", "Bundle", file, draft.lines)
    lease.finish_part(part, parts.now())


def write_all(draft: Draft, resources: Iterator[dict[str, Any]]) -> None:
    """Resources, a line each."""
    for each in resources:
        draft.write(dump(each) + b"\n")


def submission_manifest(parts: BulkParts, job: Job, url: str) -> dict[str, Any]:
    """The manifest of a submission that is over.

    `outcome` is what the STU 4 ballot says, `error` what the Argonaut draft said of the same files.
    """
    done = parts.jobs.parts(job.id)
    sources = {each.number: each.url for each in manifests(parts.jobs, job.id)}
    outcomes = [outcome_of(each, sources, url) for each in done if each.section == "outcome"]
    return {
        "manifestType": MANIFEST_TYPE,
        "submissionId": job.request["submission_id"],
        "transactionTime": instant(job.created_at),
        "request": job.request["url"],
        "requiresAccessToken": parts.needs_token,
        "outputFormat": "application/fhir+ndjson",
        "output": [output_of(each, sources, url) for each in done if each.section == "output"],
        "deleted": section("deleted", done, url),
        "outcome": outcomes,
        "error": outcomes,
    }


def output_of(part: Part, sources: dict[int, str], url: str) -> dict[str, Any]:
    """A file of stored resources."""
    source = sources[int(part.step.split("/")[1])]
    place = {"type": part.resource_type, "url": f"{url}/{part.file}"}
    return {**place, "count": part.lines, "manifestUrl": source}


def outcome_of(part: Part, sources: dict[int, str], url: str) -> dict[str, Any]:
    """A file of outcomes, with how many lines were stored and refused."""
    counts = [("information", part.lines), ("error", part.refused)]
    return {
        "type": "OperationOutcome",
        "url": f"{url}/{part.file}",
        "manifestUrl": sources[int(part.step.split("/")[1])],
        "countSeverity": [{"code": code, "count": count} for code, count in counts],
    }
