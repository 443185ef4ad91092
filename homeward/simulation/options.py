"""What `simulate` is asked for, what it answers with, and what it refuses."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from homeward.simulation.clock import midnight, stamp

Progress = Callable[[int, int], None]
"""Called with (patients done, patients in all)."""


class SimulationError(Exception):
    """Root of everything the simulated hospital refuses."""


class BadOptions(SimulationError):
    """An option is outside what can be simulated."""

    def __init__(self, option: str, expected: str) -> None:
        super().__init__(
            f"{option} must be {expected}. Nothing was written; change it and try again."
        )


class FolderInUse(SimulationError):
    """The folder holds files that no simulation wrote."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} holds files that no simulation writes. "
            "Nothing was written; name a new or empty folder."
        )


@dataclass(frozen=True, slots=True)
class Options:
    """A hospital to simulate; the same options give the same bytes.

    Attributes:
        patients: How many, at least 1.
        seed: Any whole number.
        out: Folder to write; made when it is not there.
        until: Last day of the history ("today" of the hospital).
        history_days: Length of the history before `until`, days.
        later_days: How long the hospital is followed after `until`, days.
        discharge_window_days: Stays that ended in so many last days become discharge calls.
    """

    patients: int
    seed: int
    out: Path
    until: date = date(2026, 6, 30)
    history_days: int = 1095
    later_days: int = 60
    discharge_window_days: int = 28

    def __post_init__(self) -> None:
        if self.patients < 1:
            raise BadOptions("patients", "at least 1")
        if self.history_days < 180:
            raise BadOptions("history_days", "at least 180")
        if self.later_days < 0 or self.discharge_window_days < 0:
            raise BadOptions("later_days and discharge_window_days", "0 or more")

    @property
    def span(self) -> "Span":
        """The moments between which the hospital is watched."""
        now = midnight(self.until + timedelta(days=1))
        return Span(
            start=now - timedelta(days=self.history_days),
            now=now,
            end=now + timedelta(days=self.later_days),
            calls_from=now - timedelta(days=self.discharge_window_days),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Local moments: history begins, today ends, the future ends, discharge calls begin."""

    start: datetime
    now: datetime
    end: datetime
    calls_from: datetime


@dataclass(slots=True)
class Manifest:
    """What was written, as it also stands in manifest.json.

    Attributes:
        seed: As asked.
        options: The options, as text.
        observed_until: End of the history, with its zone.
        later_until: End of what later/ holds, with its zone.
        patients: Patients written.
        resources: Resources in hospital.json and patients/ by type.
        later_resources: Resources in later/ by type.
        discharges: Discharge calls written.
        notes: Lines in phi.jsonl.
        index_discharges: Eligible index discharges in truth.jsonl.
        outcomes: Index discharges by what followed within 30 days.
    """

    seed: int
    options: dict[str, str | int]
    observed_until: str
    later_until: str
    patients: int = 0
    resources: dict[str, int] = field(default_factory=dict)
    later_resources: dict[str, int] = field(default_factory=dict)
    discharges: int = 0
    notes: int = 0
    index_discharges: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values for manifest.json."""
        return asdict(self)


def empty_manifest(options: Options) -> Manifest:
    """A manifest of nothing yet; the folder's name is left out so that runs compare equal."""
    named: dict[str, str | int] = {
        "patients": options.patients,
        "seed": options.seed,
        "until": options.until.isoformat(),
        "history_days": options.history_days,
        "later_days": options.later_days,
        "discharge_window_days": options.discharge_window_days,
    }
    return Manifest(
        seed=options.seed,
        options=named,
        observed_until=stamp(options.span.now - timedelta(seconds=1)),
        later_until=stamp(options.span.end - timedelta(seconds=1)),
    )
