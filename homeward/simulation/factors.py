"""Risk that no coded element carries: life at home and habits that only the notes tell.

A factor is in nobody's Condition, Observation or Encounter. `notes/phrases.toml` holds the ways in
which nurses and doctors write that it is there, that it is not, and that it is someone else's.
"""

from dataclasses import dataclass
from random import Random

from homeward.simulation.chance import happens


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing only the text tells.

    Attributes:
        name: Also the heading of its phrases.
        share: How many of all patients (or stays) have it, 0 to 1.
        log_odds: What it adds to the log odds of an unplanned readmission.
        of_stay: Drawn anew at each stay; otherwise it belongs to the person.
    """

    name: str
    share: float
    log_odds: float
    of_stay: bool = False


FACTORS = {
    factor.name: factor
    for factor in (
        Factor("no_help_at_home", 0.24, 0.70),
        Factor("misses_doses", 0.22, 0.85),
        Factor("misses_appointments", 0.18, 0.55),
        Factor("unstable_housing", 0.07, 0.85),
        Factor("strong_support", 0.30, -0.75),
        Factor("unclear_about_plan", 0.15, 0.70, of_stay=True),
        Factor("lingering_symptoms", 0.18, 0.80, of_stay=True),
    )
}


def lasting_factors(rng: Random) -> frozenset[str]:
    """The factors that belong to a person; nobody has both no help and strong support."""
    drawn = {f.name for f in FACTORS.values() if not f.of_stay and happens(rng, f.share)}
    if "no_help_at_home" in drawn:
        drawn.discard("strong_support")
    return frozenset(drawn)


def passing_factors(rng: Random) -> frozenset[str]:
    """The factors of one stay."""
    return frozenset(f.name for f in FACTORS.values() if f.of_stay and happens(rng, f.share))


def text_logit(factors: frozenset[str]) -> float:
    """Sum of the log odds of the factors present."""
    return sum(FACTORS[name].log_odds for name in sorted(factors))
