"""What follows a discharge within 30 days, drawn from the true risk, and written down as truth.

One of four things comes first: an unplanned readmission with exactly the true probability; else a
planned one; else death; else nothing, and then nothing until the 33rd day, so that what is true
of 30 days does not hang on how a day is counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from homeward.simulation.chance import happens, pick, sigmoid
from homeward.simulation.factors import text_logit
from homeward.simulation.measures import (
    effect_logit,
    effects,
    ordered_measures,
    propensities,
)
from homeward.simulation.reasons import CANCERS
from homeward.simulation.risk import Shown, probability, shown_logit
from homeward.simulation.stays import LAST_RETURN_HOUR, Patient, Stay

Event = Literal["none", "unplanned", "planned", "death"]
HORIZON_DAYS = 30
DAY_WEIGHTS = {day: 2.0 ** (-day / 9) for day in range(1, HORIZON_DAYS + 1)}
RETURN_SAME_DAY = 0.02
CCS_CANCER = frozenset({"bowel_resection", "chemotherapy"})


@dataclass(frozen=True, slots=True)
class Followed:
    """One discharge, its true risk in parts, and what came of it.

    Attributes:
        stays: The stays of the episode; the last is the index stay.
        excluded: Why it is no index discharge, or None.
        shown: What the record shows.
        shown_logit: Log odds of that.
        text_logit: Log odds of the factors that only notes tell.
        propensities: Chance of each measure being ordered.
        odds_ratios: Of each measure ordered, for this patient.
        probability: True probability of an unplanned readmission, measures counted.
        untreated: The same had no measure been ordered.
        event: What came first.
        event_day: Calendar days from discharge; None when nothing came.
    """

    stays: tuple[Stay, ...]
    excluded: str | None
    shown: Shown
    shown_logit: float
    text_logit: float
    propensities: dict[str, float]
    odds_ratios: dict[str, float]
    probability: float
    untreated: float
    event: Event
    event_day: int | None

    @property
    def last(self) -> Stay:
        """The stay whose discharge this is."""
        return self.stays[-1]


def follow(rng: Random, patient: Patient, stays: list[Stay], shown: Shown) -> Followed:
    """What comes of a discharge. Someone transferred out of sight is not seen again for a while."""
    last = stays[-1]
    ordered = () if last.disposition == "transferred" else ordered_measures(rng, shown.age)
    ratios = effects(ordered, last.factors, shown.drugs)
    visible, text = shown_logit(shown), text_logit(last.factors)
    chance = probability(visible, text, effect_logit(ratios))
    event = first_event(rng, patient, last, chance)
    return Followed(
        stays=tuple(stays),
        excluded=exclusion(last, stays[0], patient.age(stays[0].began)),
        shown=shown,
        shown_logit=visible,
        text_logit=text,
        propensities=propensities(shown.age),
        odds_ratios=ratios,
        probability=chance,
        untreated=probability(visible, text),
        event=event,
        event_day=event_day(rng, event, last.ended),
    )


def exclusion(last: Stay, first: Stay, age: int) -> str | None:
    """Why a discharge is no index discharge of the CMS measure, or None; `age` is at admission.

    Source: CMS hospital-wide readmission measure; cancer, psychiatric care and minors are out,
    and hospice, where nobody expects to be kept from dying.
    """
    if last.disposition in {"died", "against_advice", "hospice"}:
        return last.disposition
    if last.disposition == "transferred":
        return "transferred_out"
    if age < 18:
        return "minor"
    if first.reason.name in CCS_CANCER:
        return "cancer"
    return "psychiatric" if first.reason.kind == "psychiatric" else None


def first_event(rng: Random, patient: Patient, last: Stay, chance: float) -> Event:
    """Unplanned with exactly that chance; else planned, death or nothing."""
    if last.disposition in {"died", "transferred"}:
        return "none"
    if happens(rng, chance):
        return "unplanned"
    if happens(rng, planned_chance(patient, last)):
        return "planned"
    return "death" if happens(rng, death_chance(patient, last)) else "none"


def planned_chance(patient: Patient, last: Stay) -> float:
    """Probability of a planned readmission: chemotherapy, a second knee, a stent, little else."""
    present = set(patient.health.diseases)
    if patient.age(last.ended) < 18 or last.disposition == "hospice":
        return 0.0
    if last.reason.name == "knee_replacement":
        return 0.15
    if CANCERS & present:
        return 0.16
    return 0.035 if "coronary_disease" in present else 0.008


def death_chance(patient: Patient, last: Stay) -> float:
    """Probability of dying at home within 30 days."""
    if last.disposition == "hospice":
        return 0.55
    age = patient.age(last.ended)
    cancer = 0.8 * bool(CANCERS & set(patient.health.diseases))
    return sigmoid(-6.0 + 3.0 * last.severity + 0.045 * (age - 65) + cancer)


def event_day(rng: Random, event: Event, ended: datetime) -> int | None:
    """Calendar days to the event; early days are likelier, the same day is rare."""
    if event == "none":
        return None
    same_day_possible = event == "unplanned" and ended.hour <= LAST_RETURN_HOUR
    if same_day_possible and happens(rng, RETURN_SAME_DAY):
        return 0
    return pick(rng, DAY_WEIGHTS)


def next_possible(ended: datetime) -> datetime:
    """When a first admission may follow a discharge that nothing followed within 30 days."""
    return ended + timedelta(days=HORIZON_DAYS + 3)
