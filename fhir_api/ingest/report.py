"""What an ingest came to: counts by resource type that add up, and the file of what was refused."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fhir_api.validation.elements import resource_types

UNREADABLE = "unreadable"


@dataclass(slots=True)
class Tally:
    """Counts of one resource type: what came, and what became of it."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether something became of everything that came."""
        return self.read == self.stored + self.unchanged + self.rejected

    def add(self, other: "Tally") -> None:
        """Count what another tally counts."""
        self.read += other.read
        self.stored += other.stored
        self.unchanged += other.unchanged
        self.rejected += other.rejected


@dataclass(frozen=True, slots=True)
class Rejected:
    """One thing refused. It names places and never holds a value, nor the name of a file.

    Attributes:
        input: Number of the input, from 1.
        input_sha256: Of the input's name.
        line: In an NDJSON file, from 1; None in a Bundle.
        resource_type: Or `unreadable`.
        expression: FHIRPath of the element.
        reason: A sentence.
    """

    input: int
    input_sha256: str
    line: int | None
    resource_type: str
    expression: str | None
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of one input, or of all.

    Attributes:
        tallies: By resource type.
        rejected: What was refused and why.
        dropped: How often each extension URL that the policy does not name was dropped.
    """

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    rejected: list[Rejected] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def came(self, resource_types: Iterable[Any]) -> None:
        """Count resources as read."""
        for each in resource_types:
            self.tallies[type_or_unreadable(each)].read += 1

    def count(self, resource_type: Any, outcome: str) -> None:
        """Count what became of a resource: `created`, `updated`, `unchanged` or `rejected`."""
        tally = self.tallies[type_or_unreadable(resource_type)]
        name = "stored" if outcome in {"created", "updated"} else outcome
        setattr(tally, name, getattr(tally, name) + 1)

    def add(self, other: "Outcome") -> None:
        """Count what another outcome counts; its rejects are for the reject file alone."""
        for name, tally in other.tallies.items():
            self.tallies[name].add(tally)
        self.dropped.update(other.dropped)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The end of an ingest.

    Attributes:
        inputs: How many files and members of archives were read.
        by_type: Tally of each resource type.
        rejects: The reject file (NDJSON of `Rejected`), or None when nothing was refused.
        dropped_extensions: How often each extension URL was dropped by policy.
    """

    inputs: int
    by_type: Mapping[str, Tally]
    rejects: Path | None
    dropped_extensions: Mapping[str, int]

    @property
    def total(self) -> Tally:
        """All types together."""
        whole = Tally()
        for tally in self.by_type.values():
            whole.add(tally)
        return whole

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: the counts, and where the reject file is."""
        return {
            "inputs": self.inputs,
            "total": asdict(self.total),
            "by_type": {name: asdict(tally) for name, tally in sorted(self.by_type.items())},
            "rejects": str(self.rejects) if self.rejects else None,
            "dropped_extensions": dict(self.dropped_extensions),
        }


def type_or_unreadable(given: Any) -> str:
    """A resource type of R4, or `unreadable`: anything else could be a value of a patient."""
    return given if isinstance(given, str) and given in resource_types() else UNREADABLE
