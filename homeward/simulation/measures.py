"""Preventive measures after discharge: who gets them by chance, and how much each one helps.

The chance is known (`propensities`), so that a method which estimates an effect from the records
can be held against the true one, which is in truth.jsonl.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from homeward.simulation.chance import happens

POLYPHARMACY = 8
"""Drugs at discharge from which a reconciliation helps more, and risk is higher."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and its effect.

    Attributes:
        name: Word for it in truth.jsonl.
        code: SNOMED CT procedure.
        display: The code's own words.
        odds_ratio: Multiplies the odds of an unplanned readmission.
        odds_ratio_more: The same for those whom it helps most.
        delay: From discharge to the measure.
    """

    name: str
    code: str
    display: str
    odds_ratio: float
    odds_ratio_more: float
    delay: timedelta


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("follow_up_call", "185317003", "Telephone encounter (procedure)",
                0.85, 0.85, timedelta(days=2)),
        Measure("home_visit", "439708006", "Home visit (procedure)",
                0.65, 0.45, timedelta(days=4)),
        Measure("medication_reconciliation", "430193006", "Medication reconciliation (procedure)",
                0.80, 0.60, timedelta(days=1)),
    )
}  # fmt: skip


def propensities(age: int) -> dict[str, float]:
    """The chance of each measure being ordered; visits are offered more often from 75 on."""
    return {
        "follow_up_call": 0.30,
        "home_visit": 0.18 if age >= 75 else 0.08,
        "medication_reconciliation": 0.25,
    }


def ordered_measures(rng: Random, age: int) -> tuple[str, ...]:
    """The measures ordered at a discharge, each by its own chance."""
    return tuple(name for name, chance in propensities(age).items() if happens(rng, chance))


def helps_more(name: str, factors: frozenset[str], drugs: int) -> bool:
    """A visit helps most where nobody is at home; a reconciliation, where there are many drugs."""
    if name == "home_visit":
        return "no_help_at_home" in factors
    return name == "medication_reconciliation" and drugs >= POLYPHARMACY


def effects(ordered: tuple[str, ...], factors: frozenset[str], drugs: int) -> dict[str, float]:
    """Odds ratio of each measure ordered, for this patient."""
    return {
        name: MEASURES[name].odds_ratio_more
        if helps_more(name, factors, drugs)
        else MEASURES[name].odds_ratio
        for name in ordered
    }


def effect_logit(odds_ratios: dict[str, float]) -> float:
    """The odds ratios together, on the log odds scale."""
    return sum(math.log(ratio) for ratio in odds_ratios.values())
