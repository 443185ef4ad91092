"""One NDJSON file of another server into the store; a line that is refused stops no other.

Lines are stored in the order of the file, so of two with one id the later one stands. The same
file read again changes nothing. What was refused, and why, is told a line each; never what it said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_api.bulk.files import Draft
from fhir_api.bulk.parts import BulkParts
from fhir_api.errors import FhirError, InvalidRequest
from fhir_api.ingest.results import Stored
from fhir_api.json_text import dump, parse
from fhir_api.outbound.client import LONGEST_LINE
from fhir_api.outbound.errors import NotAllowed, Unreachable

CHUNK = 500  # lines in one database transaction
Numbered = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """What became of the lines of a file.

    Attributes:
        stored: Resources that stand as the file has them.
        refused: Lines that were not stored, and one for a file that could not be read to its end.
    """

    stored: int = 0
    refused: int = 0


class Watch:
    """Is told of each chunk before and after it is stored; this one does nothing with it."""

    def before(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """What is about to be stored."""

    def after(self, stored: Sequence[Stored]) -> None:
        """What was stored."""


class Intake:
    """Takes one file in.

    Args:
        parts: What it is done with.
        draft: Where outcomes are written.
        watch: Who is told.
        on_progress: Called after each chunk; may raise LeaseLost.
    """

    def __init__(
        self, parts: BulkParts, draft: Draft, watch: Watch, on_progress: Callable[[], None]
    ) -> None:
        self.parts = parts
        self.draft = draft
        self.watch = watch
        self.on_progress = on_progress
        self.tally = Tally()

    def read(self, url: str, resource_type: str, headers: Mapping[str, str] | None = None) -> Tally:
        """Store what the file holds, and of a file that breaks off what came before.

        Raises StoreUnavailable or VersionConflict, to be tried again later.
        """
        chunk: list[Numbered] = []
        for numbered in self.resources(self.lines(url, headers), resource_type):
            chunk.append(numbered)
            if len(chunk) == CHUNK:
                self.store(chunk)
                chunk = []
        self.store(chunk)
        self.tell(f"{self.tally.stored:,} resources stored, {self.tally.refused:,} refused.")
        return self.tally

    def lines(self, url: str, headers: Mapping[str, str] | None) -> Iterator[bytes | None]:
        """Lines of the file as they come; what breaks it off is told."""
        try:
            yield from self.parts.sources.stream_lines(url, headers, longest=LONGEST_LINE)
        except (NotAllowed, Unreachable) as error:
            self.refuse(None, error)

    def resources(self, lines: Iterator[bytes | None], resource_type: str) -> Iterator[Numbered]:
        """Resources of the type that is wanted, with their lines; others are refused here."""
        for number, line in enumerate(lines, start=1):
            if line is not None and not line.strip():
                continue
            try:
                yield number, resource_of(line, resource_type)
            except FhirError as error:
                self.refuse(number, error)

    def store(self, chunk: Sequence[Numbered]) -> None:
        """Store some lines in one transaction."""
        resources = [resource for _, resource in chunk]
        if resources:
            self.watch.before(resources)
            results = self.parts.ingestor.resources(resources)
            self.watch.after([each for each in results if isinstance(each, Stored)])
            for (number, _), result in zip(chunk, results, strict=True):
                if isinstance(result, FhirError):
                    self.refuse(number, result)
                else:
                    self.tally.stored += 1
        self.on_progress()

    def refuse(self, number: int | None, error: FhirError) -> None:
        """Count a line as refused and say why."""
        self.tally.refused += 1
        where = "The file" if number is None else f"Line {number}"
        issues = [each.as_fhir() for each in error.issues]
        for each in issues:
            each["diagnostics"] = f"{where}: {each['diagnostics']}"
        self.write(issues)

    def tell(self, sentence: str) -> None:
        """The last line: what it came to."""
        issue = {"severity": "information", "code": "informational", "diagnostics": sentence}
        self.write([issue])

    def write(self, issues: list[dict[str, Any]]) -> None:
        """One OperationOutcome."""
        self.draft.write(dump({"resourceType": "OperationOutcome", "issue": issues}) + b"\n")


def resource_of(line: bytes | None, resource_type: str) -> dict[str, Any]:
    """The resource of a line; raises the FhirError that says why it is none."""
    if line is None:
        raise InvalidRequest(f"The line is over {LONGEST_LINE:,} bytes.")
    value = parse(line)
    if not isinstance(value, dict) or value.get("resourceType") != resource_type:
        raise InvalidRequest(f"The line is no {resource_type}, as the file should hold.")
    return value
