"""Visits that are no stay: the emergency department and home again, or the clinic."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from homeward.simulation.chance import by_day, fresh_id, one_of
from homeward.simulation.hospital import OWN, PRACTICE, Clinician
from homeward.simulation.labs import Result, result
from homeward.simulation.stays import Patient
from homeward.simulation.vitals import Vitals, short_vitals

EMERGENCY_A_YEAR, CLINIC_A_YEAR = 0.4, 1.3
DAYS_A_YEAR = 365.25
COMPLAINTS = {
    "R10.9": "Unspecified abdominal pain",
    "M54.5": "Low back pain",
    "R51": "Headache",
    "S93.401A": "Sprain of unspecified ligament of right ankle, initial encounter",
    "R42": "Dizziness and giddiness",
    "J06.9": "Acute upper respiratory infection, unspecified",
}
CLINIC_TESTS = ("haemoglobin", "creatinine")


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit; `complaint` is an ICD-10-CM code, None in the clinic."""

    id: str
    condition_id: str
    kind: Literal["EMER", "AMB"]
    place: int
    began: datetime
    ended: datetime
    complaint: str | None
    doctor: Clinician
    results: list[Result]
    vitals: list[Vitals]


def visits_between(rng: Random, patient: Patient, begin: datetime, end: datetime) -> list[Visit]:
    """The visits of a gap between stays, none on the gap's first or last day."""
    days = (end.date() - begin.date()).days - 1
    if days < 1:
        return []
    rates = {"EMER": EMERGENCY_A_YEAR * patient.health.frailty, "AMB": CLINIC_A_YEAR}
    drawn = [
        visit(rng, patient, kind, by_day(rng, begin.date() + timedelta(days=day), 8, 17))
        for kind in ("EMER", "AMB")
        for day in random_days(rng, rates[kind], days)
    ]
    return sorted(drawn, key=lambda one: one.began)


def random_days(rng: Random, rate: float, days: int) -> list[int]:
    """Days 1 to `days` of a Poisson process with `rate` a year."""
    found, day = [], rng.expovariate(rate / DAYS_A_YEAR)
    while day < days:
        found.append(int(day) + 1)
        day += rng.expovariate(rate / DAYS_A_YEAR)
    return found


def visit(rng: Random, patient: Patient, kind: str, began: datetime) -> Visit:
    """One visit of that kind."""
    emergency = kind == "EMER"
    place = OWN if emergency else PRACTICE
    return Visit(
        id=fresh_id(rng),
        condition_id=fresh_id(rng),
        kind="EMER" if emergency else "AMB",
        place=place,
        began=began,
        ended=began + timedelta(minutes=rng.randint(90, 300) if emergency else 25),
        complaint=one_of(rng, list(COMPLAINTS)) if emergency else None,
        doctor=patient.hospital.doctor(rng, place),
        results=clinic_results(rng, patient, kind, began),
        vitals=[short_vitals(rng, began + timedelta(minutes=8), 0.1)],
    )


def clinic_results(rng: Random, patient: Patient, kind: str, began: datetime) -> list[Result]:
    """Tests drawn in the clinic; diabetics have their haemoglobin A1c taken."""
    if kind == "EMER":
        return []
    names = CLINIC_TESTS + (("hba1c",) if "diabetes" in patient.health.diseases else ())
    moment = began + timedelta(minutes=15)
    return [result(rng, patient.health, name, 0.0, moment) for name in names]
