"""What became of an entry: written, read, or refused."""

from dataclasses import dataclass
from typing import Any

from fhir_api.bundles.entry import Entry
from fhir_api.errors import FhirError
from fhir_api.store.records import StoredResource, Written

Key = tuple[str, str]  # resource type, id


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an entry that writes.

    Attributes:
        entry: As asked for.
        written: Version and outcome.
        stored: Type and pseudonym.
        real_id: The caller's own id; None for a resource that a query found.
        row: When it was stored, and the resource where it was asked for; None for files.
    """

    entry: Entry
    written: Written
    stored: Key
    real_id: str | None = None
    row: StoredResource | None = None

    @property
    def status(self) -> str:
        """HTTP status of the entry."""
        if self.entry.method == "DELETE":
            return "204 No Content"
        return "201 Created" if self.written.outcome == "created" else "200 OK"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an entry that reads.

    Attributes:
        entry: As asked for.
        row: The resource that was read, or None.
        page: The page of a search, or None.
    """

    entry: Entry
    row: StoredResource | None = None
    page: Any = None

    @property
    def status(self) -> str:
        """HTTP status of the entry; 304 when the caller has this version already."""
        if self.row is not None and str(self.row.version) in self.entry.if_none_match:
            return "304 Not Modified"
        return "200 OK"


Result = Stored | Fetched | FhirError
