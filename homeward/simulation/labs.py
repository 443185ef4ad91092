"""Laboratory results of a stay: worse on admission in the sick, on the way back at discharge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from homeward.simulation.health import Health
from homeward.simulation.reasons import Reason
from homeward.simulation.tables.read import table

ADMISSION_PANEL = (
    "haemoglobin", "sodium", "potassium", "creatinine", "urea_nitrogen", "leukocytes", "glucose",
)  # fmt: skip
DISCHARGE_PANEL = ("haemoglobin", "sodium", "potassium", "creatinine")
MIDWAY_PANEL = ("haemoglobin", "sodium", "creatinine")


@dataclass(frozen=True, slots=True)
class Lab:
    """A test as the laboratory defines it; units are UCUM."""

    name: str
    code: str
    display: str
    unit: str
    usual: float
    spread: float
    low: float
    high: float
    floor: float
    ceiling: float
    digits: int

    def printed(self, value: float) -> float:
        """The value as the laboratory would print it."""
        held = min(self.ceiling, max(self.floor, value))
        return round(held, self.digits) if self.digits else float(round(held))

    def flag(self, value: float) -> str:
        """HL7 v3 ObservationInterpretation: LL, L, N, H or HH."""
        width = self.high - self.low
        if value < self.low:
            return "LL" if value < self.low - width else "L"
        if value > self.high:
            return "HH" if value > self.high + 1.5 * width else "H"
        return "N"


@cache
def labs() -> dict[str, Lab]:
    """All tests by name."""
    return {name: Lab(name=name, **row) for name, row in table("labs").items()}


class Result(NamedTuple):
    """One value of one test, in the test's unit; taken at a local moment."""

    lab: str
    taken_at: datetime
    value: float


def result(rng: Random, health: Health, lab_name: str, shift: float, moment: datetime) -> Result:
    """A value: the person's usual one, the illness's shift, and the noise of the day."""
    lab = labs()[lab_name]
    value = health.usual[lab_name] + shift + rng.gauss(0.0, 0.35 * lab.spread)
    return Result(lab_name, moment, lab.printed(value))


def stay_results(
    rng: Random, health: Health, reason: Reason, severity: float, period: tuple[datetime, datetime]
) -> list[Result]:
    """Results of a stay in the order taken: on admission, midway if it was long, before leaving.

    Args:
        rng: The patient's generator.
        health: Gives the usual values.
        reason: Gives what the illness does to each test.
        severity: 0 to 1; also how much of the illness is left at discharge.
        period: Admission and discharge.
    """
    began, ended = period
    left = 0.12 + 0.5 * severity
    extra = tuple(name for name in reason.labs if name not in ADMISSION_PANEL)
    plan = [(ADMISSION_PANEL + extra, began + timedelta(minutes=40), 0.35 + severity)]
    if (ended - began).days > 4:
        plan.append((MIDWAY_PANEL, morning(began + (ended - began) / 2), 0.2 + 0.7 * severity))
    if (ended - began).days >= 1:
        plan.append((DISCHARGE_PANEL, ended - timedelta(hours=4, minutes=25), left))
    return [
        result(rng, health, name, reason.labs.get(name, 0.0) * part, moment)
        for panel, moment, part in plan
        for name in panel
    ]


def morning(moment: datetime) -> datetime:
    """Early on that day, when blood is drawn."""
    return moment.replace(hour=6, minute=10, second=0, microsecond=0)


def last_value(results: list[Result], lab_name: str) -> float:
    """The newest value of a test that was taken at least once."""
    return [r.value for r in results if r.lab == lab_name][-1]
