"""One input into the store: a Bundle in one transaction, NDJSON some hundred lines at a time."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fhir_api.bundles.reading import given_entries
from fhir_api.errors import (
    FhirError,
    InvalidJson,
    OurMistake,
    ReferenceNotResolved,
    StoreUnavailable,
    TooLarge,
    TransactionRefused,
)
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.ingest.inputs import Input
from fhir_api.ingest.report import UNREADABLE, Outcome, Rejected, type_or_unreadable
from fhir_api.ingest.results import Result, Stored
from fhir_api.json_text import parse

LARGEST_TEXT = 1 << 30  # bytes of one Bundle
LONGEST_LINE = 64 << 20  # bytes of one NDJSON line
CHUNK = 500  # lines in one database transaction
UNREADABLE_FILES = (OSError, EOFError, ValueError)  # a broken archive raises one of these


class NotYet(Exception):
    """A Bundle refers to what is not stored yet; nothing of it was stored or counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """A resource and where it stood."""

    number: int | None
    resource: Any


class InputReader:
    """Reads one input and counts what became of it."""

    def __init__(self, ingestor: Ingestor, given: Input, *, wait: bool) -> None:
        self.ingestor = ingestor
        self.given = given
        self.wait = wait
        self.outcome = Outcome()

    def read(self) -> Outcome:
        """Store what the input holds. Raises NotYet, with `wait`, for a Bundle that must wait."""
        before = self.ingestor.deidentifier.dropped.copy()
        try:
            with self.given.open() as stream:
                self.read_stream(stream)
        except UNREADABLE_FILES:
            self.unreadable(None, InvalidJson("the file or archive is damaged"))
        self.outcome.dropped = self.ingestor.deidentifier.dropped - before
        return self.outcome

    def read_stream(self, stream: IO[bytes]) -> None:
        """One JSON text, or lines of them."""
        if self.given.form == "ndjson":
            self.read_lines(stream)
            return
        data = stream.read(LARGEST_TEXT + 1)
        value = self.parsed(None, data, LARGEST_TEXT)
        if value is not None:
            self.store_value(Line(None, value))

    def read_lines(self, stream: IO[bytes]) -> None:
        """NDJSON: each line may fail alone."""
        chunk: list[Line] = []
        for line in self.lines(stream):
            if is_bundle(line.resource):
                self.store_value(line)
                continue
            if len(chunk) == CHUNK:
                self.store_lines(chunk)
                chunk = []
            chunk.append(line)
        self.store_lines(chunk)

    def lines(self, stream: IO[bytes]) -> Iterator[Line]:
        """The lines that are JSON; the others are rejected here."""
        number = 0
        while data := stream.readline(LONGEST_LINE + 1):
            number += 1
            value = self.parsed(number, data, LONGEST_LINE) if data.strip() else None
            if value is not None:
                yield Line(number, value if isinstance(value, dict) else {})

    def parsed(self, number: int | None, data: bytes, limit: int) -> Any:
        """The value of a JSON text; None when it was rejected."""
        try:
            if len(data) > limit:
                raise TooLarge(limit)
            value = parse(data)
        except FhirError as error:
            self.unreadable(number, error)
            return None
        return {} if value is None else value

    def store_value(self, line: Line) -> None:
        """A Bundle, or a resource on its own."""
        if not is_bundle(line.resource):
            self.store_lines([line if isinstance(line.resource, dict) else Line(line.number, {})])
        elif line.resource.get("type") == "transaction":
            self.store_bundle(line, self.ingestor.transaction)
        else:
            batch = line.resource.get("type") == "batch"
            self.store_bundle(line, self.ingestor.batch if batch else self.ingestor.collection)

    def store_bundle(self, line: Line, store: Callable[..., Sequence[Result]]) -> None:
        """What the entries of a Bundle come to; when it is refused whole, each is rejected."""
        types = sent_types(line.resource)
        try:
            results = store(line.resource, wait=self.wait)
        except ReferenceNotResolved as error:
            raise NotYet from error
        except StoreUnavailable:
            raise
        except FhirError as error:
            self.reject_bundle(line, error)
        else:
            self.outcome.came(types)
            self.count(line.number, types, results)

    def store_lines(self, chunk: Sequence[Line]) -> None:
        """Resources that came one by one."""
        types = [line.resource.get("resourceType") for line in chunk]
        self.outcome.came(types)
        results = self.ingestor.resources([line.resource for line in chunk])
        for line, kind, result in zip(chunk, types, results, strict=True):
            self.count(line.number, [kind], [result])

    def count(self, number: int | None, types: Sequence[Any], results: Sequence[Result]) -> None:
        """Count what became of resources."""
        for kind, result in zip(types, results, strict=True):
            if isinstance(result, FhirError):
                self.reject(number, kind, result)
            elif isinstance(result, Stored):
                self.outcome.count(kind, result.written.outcome)
            else:
                self.outcome.count(kind, "unchanged")

    def reject(self, number: int | None, kind: Any, error: FhirError) -> None:
        """Count a resource as rejected and say why."""
        self.outcome.count(kind, "rejected")
        self.explain(number, kind, error)

    def unreadable(self, number: int | None, error: FhirError) -> None:
        """Count something as read and rejected of which not even the type is known."""
        self.outcome.came([None])
        self.reject(number, None, error)

    def reject_bundle(self, line: Line, error: FhirError) -> None:
        """Count every entry of a Bundle as rejected and say why."""
        types = sent_types(line.resource) or [None]
        self.outcome.came(types)
        for kind in types:
            self.outcome.count(kind, "rejected")
        for each in error.errors if isinstance(error, TransactionRefused) else [error]:
            self.explain(line.number, "Bundle", each)

    def explain(self, number: int | None, kind: Any, error: FhirError) -> None:
        """Note each place that is wrong for the reject file."""
        known = type_or_unreadable(kind)
        self.outcome.rejected += [
            Rejected(
                self.given.number, self.given.digest, number, known, each.expression,
                each.diagnostics,
            )
            for each in error.issues
        ]  # fmt: skip


def broken(given: Input, error: Exception) -> Outcome:
    """What to tell of an input on which we broke; what was stored of it stays."""
    outcome = Outcome()
    outcome.came([None])
    outcome.count(None, "rejected")
    mistake = OurMistake(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{mistake} [{Path(place.filename).name}:{place.lineno}]"
    outcome.rejected.append(Rejected(given.number, given.digest, None, UNREADABLE, None, reason))
    return outcome


def is_bundle(value: Any) -> bool:
    """Whether a value is a Bundle."""
    return isinstance(value, dict) and value.get("resourceType") == "Bundle"


def sent_types(bundle: dict[str, Any]) -> list[Any]:
    """The resource type of each entry, as far as it is there."""
    try:
        entries = given_entries(bundle)
    except FhirError:
        return []
    return [sent_type(each) for each in entries]


def sent_type(entry: Any) -> Any:
    """The type of an entry's resource, or the one that its request names."""
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("resource"), dict):
        return entry["resource"].get("resourceType")
    request = entry.get("request")
    return str(request.get("url")).partition("/")[0] if isinstance(request, dict) else None
