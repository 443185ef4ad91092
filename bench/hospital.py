"""A simulated hospital taken as far as a benchmark needs it, kept for the next run."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.command import House

SEED = "7"


@dataclass(frozen=True, slots=True)
class Hospital:
    """Where its files are and who works on them.

    Attributes:
        folder: As `homeward simulate` wrote it.
        house: The home that its benchmarks use.
    """

    folder: Path
    house: House

    @property
    def inputs(self) -> list[Path]:
        """What had happened so far: the hospital first, since patients refer to it."""
        return [self.folder / "hospital.json", self.folder / "patients"]

    @property
    def discharges(self) -> Path:
        """Discharges to ask about, with the prefetch an EHR would send."""
        return self.folder / "discharges"


def simulated_hospital(out: Path, patients: int) -> Hospital:
    """A hospital of so many patients below `out`; written once, then found again."""
    folder = out / f"hospital-{patients}"
    house = House(out / f"home-{patients}", {"NOTES": "scrub", "SITE": "bench"})
    if not (folder / "manifest.json").is_file():
        house.run("simulate", "--patients", str(patients), "--seed", SEED, "--out", str(folder))
    return Hospital(folder, house)


def prepared_hospital(out: Path, patients: int) -> Hospital:
    """A hospital whose patients are stored, with features and a champion to score them."""
    hospital = simulated_hospital(out, patients)
    done = hospital.house.home / "prepared.json"
    if not done.is_file():
        house = hospital.house
        house.run("ingest", *map(str, hospital.inputs))
        house.run("features")
        house.run("train")
        house.run("models", "promote", "newest", "--reason", "benchmark")
        done.write_text(json.dumps({"patients": patients}), encoding="utf-8")
    return hospital
