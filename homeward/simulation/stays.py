"""One stay in hospital, and the episode it makes with the stays that are joined to it."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from homeward.simulation.chance import by_day, fresh_id, happens, pick, sigmoid
from homeward.simulation.clock import age_on, at
from homeward.simulation.factors import passing_factors
from homeward.simulation.health import Health
from homeward.simulation.hospital import OWN, SECOND, Clinician, Hospital
from homeward.simulation.labs import Result, stay_results
from homeward.simulation.people import Person
from homeward.simulation.reasons import CANCERS, Reason, first_reason
from homeward.simulation.vitals import Vitals, short_vitals, vitals

TRANSFERRED, TRANSFERRED_UNSEEN, INTERRUPTED = 0.035, 0.006, 0.006
"""How many emergency stays go on in the other hospital, out of sight, or after hours at home."""

LAST_RETURN_HOUR = 12
"""Latest hour of a discharge that can be followed by an admission on the same day."""


class Arrival(NamedTuple):
    """Someone comes to be admitted at a local moment; `source` is an HL7 admit-source code."""

    moment: datetime
    reason: Reason
    place: int
    source: str


@dataclass(frozen=True, slots=True)
class Stay:
    """One inpatient stay, from arrival to departure.

    Attributes:
        id: Of the Encounter.
        condition_id: Of the Condition that is its principal diagnosis.
        place: Index of the hospital.
        reason: Principal diagnosis and what goes with it.
        source: HL7 admit-source code.
        began: Local moment of admission.
        ended: Local moment of discharge.
        disposition: home, home_health, nursing, rehabilitation, hospice, against_advice,
            transferred or died.
        severity: How ill, 0 to 1.
        doctor: Who signs the summary.
        nurse: Who writes the nursing note.
        results: Laboratory results in the order taken.
        vitals: Vital signs in the order taken.
        drugs: Names of the drugs prescribed at discharge.
        procedures: ICD-10-PCS codes.
        factors: Lasting and passing factors that only the notes may tell.
    """

    id: str
    condition_id: str
    place: int
    reason: Reason
    source: str
    began: datetime
    ended: datetime
    disposition: str
    severity: float
    doctor: Clinician
    nurse: Clinician
    results: list[Result]
    vitals: list[Vitals]
    drugs: tuple[str, ...]
    procedures: tuple[str, ...]
    factors: frozenset[str]

    @property
    def days(self) -> float:
        """Length of stay, days."""
        return (self.ended - self.began) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Patient:
    """A person, their health, and the hospital that looks after them."""

    person: Person
    health: Health
    hospital: Hospital

    def age(self, moment: datetime) -> int:
        """Completed years at that moment."""
        return age_on(self.person.born, moment.date())


def episode(rng: Random, patient: Patient, arrival: Arrival) -> list[Stay]:
    """The stays that one arrival leads to: nearly always one, else two joined ones."""
    first = stay(rng, patient, arrival)
    if not arrival.reason.is_emergency or first.disposition in {"died", "against_advice"}:
        return [first]
    kind = pick(rng, {
        "transferred": TRANSFERRED,
        "unseen": TRANSFERRED_UNSEEN,
        "interrupted": INTERRUPTED,
        "whole": 1 - TRANSFERRED - TRANSFERRED_UNSEEN - INTERRUPTED,
    })  # fmt: skip
    if kind == "transferred":
        return transferred(rng, patient, first)
    if kind == "unseen":
        return [replace(first, disposition="transferred")]
    return interrupted(rng, patient, first) if kind == "interrupted" else [first]


def transferred(rng: Random, patient: Patient, first: Stay) -> list[Stay]:
    """A stay that goes on in the other hospital the same day or the next morning."""
    left = at(first.ended.date(), rng.randint(9, 13), rng.randrange(60))
    arrives = left + timedelta(hours=rng.randint(2, 4), minutes=rng.randrange(50))
    if happens(rng, 0.3):
        arrives = by_day(rng, left.date() + timedelta(days=1), 6, 9)
    reason = first.reason
    if happens(rng, 0.15):
        other = first_reason(rng, patient.health.diseases, patient.age(arrives))
        reason = other if other.kind == "emergency" else reason
    place = SECOND if first.place == OWN else OWN
    second = stay(rng, patient, Arrival(arrives, reason, place, "hosp-trans"))
    return [shortened(first, left, "transferred"), replace(second, factors=first.factors)]


def interrupted(rng: Random, patient: Patient, first: Stay) -> list[Stay]:
    """A stay that goes on for the same reason a few hours after going home."""
    left = at(first.ended.date(), rng.randint(9, LAST_RETURN_HOUR), rng.randrange(60))
    again = left + timedelta(hours=rng.randint(3, 5), minutes=rng.randrange(50))
    second = stay(rng, patient, Arrival(again, first.reason, first.place, "emd"))
    return [shortened(first, left, "home"), replace(second, factors=first.factors)]


def shortened(first: Stay, left: datetime, disposition: str) -> Stay:
    """The stay with an earlier hour of departure; nothing was taken after it."""
    return replace(
        first,
        ended=left,
        disposition=disposition,
        results=[r for r in first.results if r.taken_at < left],
        vitals=[v for v in first.vitals if v.taken_at < left],
    )


def stay(rng: Random, patient: Patient, arrival: Arrival) -> Stay:
    """One stay, as ill and as long as chance and its reason say."""
    reason, health = arrival.reason, patient.health
    severity = rng.betavariate(2.0, 3.0) * (1.0 if reason.is_emergency else 0.4)
    ended = departure(rng, arrival.moment, reason.days * (0.55 + 1.1 * severity))
    return Stay(
        id=fresh_id(rng),
        condition_id=fresh_id(rng),
        place=arrival.place,
        reason=reason,
        source=arrival.source,
        began=arrival.moment,
        ended=ended,
        disposition=disposition(rng, patient, arrival, severity),
        severity=severity,
        doctor=patient.hospital.doctor(rng, arrival.place),
        nurse=patient.hospital.nurse(rng, arrival.place),
        results=stay_results(rng, health, reason, severity, (arrival.moment, ended)),
        vitals=stay_vitals(rng, health, severity, (arrival.moment, ended)),
        drugs=discharge_drugs(rng, health, reason),
        procedures=tuple(code for code, share in reason.procedures.items() if happens(rng, share)),
        factors=health.factors | passing_factors(rng),
    )


def departure(rng: Random, began: datetime, median_days: float) -> datetime:
    """Late morning to late afternoon, after at least one night."""
    nights = max(1, round(median_days * math.exp(rng.gauss(0.0, 0.45))))
    return by_day(rng, began.date() + timedelta(days=nights), 10, 17)


def stay_vitals(
    rng: Random, health: Health, severity: float, period: tuple[datetime, datetime]
) -> list[Vitals]:
    """Vital signs on arrival and before leaving."""
    began, ended = period
    return [
        vitals(rng, began + timedelta(minutes=12), 0.25 + 0.75 * severity, health.weight),
        short_vitals(rng, ended - timedelta(hours=2, minutes=5), 0.5 * severity),
    ]


def discharge_drugs(rng: Random, health: Health, reason: Reason) -> tuple[str, ...]:
    """The daily drugs and those that the reason adds, each once."""
    added = [drug for drug, share in reason.drugs.items() if happens(rng, share)]
    return tuple(dict.fromkeys((*health.drugs, *added)))


def disposition(rng: Random, patient: Patient, arrival: Arrival, severity: float) -> str:
    """Where the patient goes, or that they died."""
    age, reason = patient.age(arrival.moment), arrival.reason
    if reason.is_emergency and age >= 18 and happens(rng, dying(patient, age, severity)):
        return "died"
    if age < 18:
        return "home"
    old = max(0.0, (age - 60) / 30)
    orthopaedic = 0.5 * (reason.name in {"hip_fracture", "stroke", "knee_replacement"})
    return pick(rng, {
        "home": 1.0,
        "home_health": 0.10 + 0.35 * old,
        "nursing": 0.55 * old * severity + 0.3 * orthopaedic,
        "rehabilitation": 0.02 + 0.5 * orthopaedic,
        "hospice": 0.06 * old * severity,
        "against_advice": 0.02 * reason.is_emergency,
    })  # fmt: skip


def dying(patient: Patient, age: int, severity: float) -> float:
    """Probability of dying in hospital."""
    cancer = 0.6 * bool(CANCERS & set(patient.health.diseases))
    return sigmoid(-6.6 + 5.0 * severity + 0.03 * (age - 65) + cancer)
