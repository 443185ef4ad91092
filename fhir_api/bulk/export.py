"""An export carried out: rows from Postgres into files, part by part.

Without limits to check, lines go from COPY straight into the file: no resource is parsed. Each
file that is finished is written down; whoever goes on after a crash begins behind the last one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_api.bulk.export_query import deleted_query, output_query
from fhir_api.bulk.files import Draft
from fhir_api.bulk.jobs import LEASE, Part
from fhir_api.bulk.kickoff import inside
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.lines import copy_lines, fetched
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.plan import ExportPlan, TypePlan, from_json
from fhir_api.errors import outcome_of
from fhir_api.json_text import dump
from fhir_api.store.planner import refresh_statistics
from fhir_api.validation.issue import Issue

RENEWED_EVERY = LEASE / 6
ROWS = 1000  # looked at together
ENTRIES = 500  # deletions in one Bundle
Advance = Callable[["Progress", str, int], Part]


@dataclass(slots=True)
class Progress:
    """An export under way.

    Attributes:
        parts: What it is made with.
        lease: The job.
        plan: What is asked.
        renewed_at: When the lease was last renewed.
        lines: Lines written by this worker.
    """

    parts: BulkParts
    lease: Lease
    plan: ExportPlan
    renewed_at: datetime
    lines: int = 0

    def wrote(self, lines: int, resource_type: str) -> None:
        """Count lines, and keep the lease while it takes long; raises LeaseLost."""
        self.lines += lines
        now = self.parts.now()
        if now - self.renewed_at > RENEWED_EVERY:
            self.lease.renew(now, f"{resource_type}: {self.lines:,} resources so far")
            self.renewed_at = now


def carry_out(parts: BulkParts, lease: Lease) -> None:
    """Do what is left of an export, and end its job."""
    plan = from_json(lease.job.request)
    done = parts.jobs.parts(lease.job.id)
    parts.files.keep_only(lease.job.id, {each.file for each in done})
    progress = Progress(parts, lease, plan, parts.now())
    refresh_statistics(parts.engine)
    for each in plan.types:
        step(progress, done, f"output/{each.resource_type}", writer_of(each))
        if plan.since is not None and not each.is_limited and not each.associated:
            step(progress, done, f"deleted/{each.resource_type}", deleted_writer(each))
    if plan.ignored:
        step(progress, done, "error", write_ignored)
    lease.end(parts.now())


def step(progress: Progress, done: Collection[Part], name: str, advance: Advance) -> None:
    """The parts of a step that are not finished yet."""
    finished = [each for each in done if each.step == name]
    number, after = 0, ""
    if finished:
        number, last = finished[-1].number, finished[-1].last
        if last is None:
            return
        after = last
    while True:
        number += 1
        part = advance(progress, after, number)
        progress.lease.finish_part(part, progress.parts.now())
        if part.last is None:
            return
        after = part.last


def writer_of(each: TypePlan) -> Advance:
    """What writes the next file of a type."""

    def advance(progress: Progress, after: str, number: int) -> Part:
        most = progress.parts.lines_of_a_file
        stem = f"{each.resource_type}-{number:04d}"
        with progress.parts.files.writing(progress.lease.job.id, stem) as draft:
            fill = fill_checked if each.all_of or each.filters else fill_unchecked
            last = fill(progress, each, after, draft)
            file = draft.finish() if draft.lines else ""
        more = last if draft.lines >= most else None
        name = f"output/{each.resource_type}"
        return Part(
            name, number, "output" if file else "", each.resource_type, file, draft.lines, 0, more
        )

    return advance


def fill_unchecked(progress: Progress, each: TypePlan, after: str, draft: Draft) -> str:
    """Lines as Postgres writes them; the pseudonym of the last."""
    most = progress.parts.lines_of_a_file
    query = output_query(progress.plan, each.resource_type, after, most)

    def write(line: bytes) -> None:
        draft.write(line)
        progress.wrote(1, each.resource_type)

    return copy_lines(progress.parts.engine, query, write)


def fill_checked(progress: Progress, each: TypePlan, after: str, draft: Draft) -> str:
    """Lines of the resources that are inside the limits; the pseudonym of the last."""
    most = progress.parts.lines_of_a_file
    while draft.lines < most:
        query = output_query(progress.plan, each.resource_type, after, ROWS)
        rows = fetched(progress.parts.engine, query)
        chosen = chosen_of(progress, each, [id_ for id_, _ in rows])
        for id_, line in rows:
            if id_ in chosen and draft.lines < most:
                draft.write(f"{line}\n".encode())
                progress.wrote(1, each.resource_type)
                after = id_
        if len(rows) < ROWS:
            return after
        after = rows[-1][0] if draft.lines < most else after
    return after


def chosen_of(progress: Progress, each: TypePlan, ids: Collection[str]) -> set[str]:
    """Those of the ids that the client may have and asked for."""
    if not ids:
        return set()
    with progress.parts.engine.connect() as connection:
        return inside(progress.parts, connection, each, ids, progress.plan.caller)


def deleted_writer(each: TypePlan) -> Advance:
    """What writes the deletions of a type, as transactions that do them again."""

    def advance(progress: Progress, after: str, number: int) -> Part:
        most = progress.parts.lines_of_a_file
        query = deleted_query(progress.plan, each.resource_type, after, most)
        rows = fetched(progress.parts.engine, query)
        names = [f"{each.resource_type}/{id_}" for id_, _ in rows]
        stem = f"deleted-{each.resource_type}-{number:04d}"
        more = rows[-1][0] if len(rows) == most else None
        file, lines = write_lines(progress, stem, deletions(names))
        name = f"deleted/{each.resource_type}"
        return Part(name, number, "deleted" if file else "", "Bundle", file, lines, 0, more)

    return advance


def deletions(names: list[str]) -> Iterator[dict[str, Any]]:
    """Transactions that delete what is named."""
    for start in range(0, len(names), ENTRIES):
        entries = [
            {"request": {"method": "DELETE", "url": name}}
            for name in names[start : start + ENTRIES]
        ]
        yield {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def write_ignored(progress: Progress, _after: str, number: int) -> Part:
    """What a lenient client asked for and does not get."""
    told = [outcome_of([Issue("not-supported", each, None)]) for each in progress.plan.ignored]
    file, lines = write_lines(progress, f"error-{number:04d}", iter(told))
    return Part("error", number, "error", "OperationOutcome", file, lines)


def write_lines(
    progress: Progress, stem: str, resources: Iterator[Mapping[str, Any]]
) -> tuple[str, int]:
    """A file of resources, and how many lines it has; no file when there are none."""
    with progress.parts.files.writing(progress.lease.job.id, stem) as draft:
        for each in resources:
            draft.write(dump(each) + b"\n")
        return (draft.finish() if draft.lines else ""), draft.lines
