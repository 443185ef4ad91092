"""The true risk of an unplanned readmission within 30 days.

    logit = intercept + what the record shows + what only the notes tell + what was done about it

The first part is a plain sum over values that stand in coded elements; each weight is named below
and none is used anywhere else. docs/explanation/simulated-hospital.md shows them as a table.
"""

import math
from dataclasses import dataclass

from homeward.simulation.chance import sigmoid
from homeward.simulation.health import diseases
from homeward.simulation.measures import POLYPHARMACY

INTERCEPT = -4.10
PRIOR_STAY = 0.20
PRIOR_STAYS_COUNTED = 5
EMERGENCY_VISIT = 0.15
EMERGENCY_VISITS_COUNTED = 4
HAEMOGLOBIN_GRAM = 0.14
HAEMOGLOBIN_LOW = 12.0
HAEMOGLOBIN_COUNTED = 4.0
SODIUM_LOW = 135.0
SODIUM_BELOW = 0.35
LENGTH_OF_STAY = 0.25
EMERGENCY_STAY = 0.30
MANY_DRUGS = 0.30
AGE_DECADE = 0.08
DISPOSITIONS = {
    "home": 0.0,
    "home_health": 0.15,
    "nursing": 0.30,
    "rehabilitation": 0.20,
    "hospice": -0.80,
    "against_advice": 0.70,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the record shows at discharge.

    Attributes:
        prior_stays: Inpatient stays that ended in the 365 days before admission.
        emergency_visits: Emergency visits in the 182 days before admission.
        diseases: Chronic diseases by name.
        haemoglobin: Last value, g/dL.
        sodium: Last value, mmol/L.
        days: Length of the episode.
        emergency: The stay was not arranged before.
        disposition: Where the patient went; a key of `DISPOSITIONS`.
        age: Years.
        drugs: Drugs prescribed at discharge.
    """

    prior_stays: int
    emergency_visits: int
    diseases: tuple[str, ...]
    haemoglobin: float
    sodium: float
    days: float
    emergency: bool
    disposition: str
    age: int
    drugs: int


def shown_logit(shown: Shown) -> float:
    """Log odds from coded elements alone, without the intercept."""
    anaemia = min(HAEMOGLOBIN_COUNTED, max(0.0, HAEMOGLOBIN_LOW - shown.haemoglobin))
    return (
        PRIOR_STAY * min(PRIOR_STAYS_COUNTED, shown.prior_stays)
        + EMERGENCY_VISIT * min(EMERGENCY_VISITS_COUNTED, shown.emergency_visits)
        + sum(diseases()[name].log_odds for name in shown.diseases)
        + HAEMOGLOBIN_GRAM * anaemia
        + SODIUM_BELOW * (shown.sodium < SODIUM_LOW)
        + LENGTH_OF_STAY * math.log1p(shown.days)
        + EMERGENCY_STAY * shown.emergency
        + MANY_DRUGS * (shown.drugs >= POLYPHARMACY)
        + AGE_DECADE * (min(shown.age, 90) - 65) / 10
        + DISPOSITIONS.get(shown.disposition, 0.0)
    )


def probability(shown: float, text: float, measures: float = 0.0) -> float:
    """True probability of an unplanned readmission within 30 days, from its parts' log odds."""
    return sigmoid(INTERCEPT + shown + text + measures)
