"""Where the demonstration's patients come from: a simulated hospital, or your own FHIR files."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

UNTIL = date(2026, 6, 30)
LATER_DAYS = 90
CALL_WINDOW_DAYS = 90


@dataclass(frozen=True, slots=True)
class Call:
    """One discharge to ask about.

    Attributes:
        patient: Real id.
        encounter: Real id of the stay that ends.
        prefetch: What an EHR would send along.
    """

    patient: str
    encounter: str
    prefetch: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """What the demonstration works on.

    Attributes:
        history: Files and folders to ingest first.
        later: Files and folders that hold what became known afterwards; may be empty.
        until: Last day of the history, for training.
        later_until: Last day of what is known at the end.
        calls: Discharges to ask about.
        said: What to tell the reader about these patients.
    """

    history: list[Path]
    later: list[Path]
    until: date
    later_until: date
    calls: list[Call] = field(repr=False)
    said: str = ""


def simulated(folder: Path, patients: int, seed: int, until: date) -> dict[str, Any]:
    """Simulate a hospital into `folder`, its history up to that day; its manifest."""
    from homeward.progress import progress
    from homeward.simulation.simulate import Options, simulate

    options = Options(
        patients=patients,
        seed=seed,
        out=folder,
        until=until,
        later_days=LATER_DAYS,
        discharge_window_days=CALL_WINDOW_DAYS,
    )
    with progress("patients", patients) as advance:
        return simulate(options, lambda _done, _total: advance(1)).as_json()


def simulated_source(folder: Path) -> Source:
    """A simulated hospital as the source of the demonstration."""
    manifest = json.loads((folder / "manifest.json").read_text())
    files = sorted((folder / "discharges").glob("*.json"))
    return Source(
        history=[folder / "hospital.json", folder / "patients"],
        later=[folder / "later"],
        until=date.fromisoformat(manifest["observed_until"][:10]),
        later_until=date.fromisoformat(manifest["later_until"][:10]),
        calls=[_call(json.loads(path.read_text())) for path in files],
        said="A simulated hospital: nobody in it exists.",
    )


def _call(discharge: dict[str, Any]) -> Call:
    return Call(discharge["patient"], discharge["encounter"], discharge["prefetch"])
