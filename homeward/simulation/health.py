"""How a person is: chronic diseases, usual laboratory values, daily drugs, factors, frailty."""

import math
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from homeward.simulation.chance import clipped, happens, sigmoid
from homeward.simulation.factors import lasting_factors
from homeward.simulation.tables.read import table


@dataclass(frozen=True, slots=True)
class Disease:
    """A chronic disease; `tables/diseases.toml` says what each number does."""

    name: str
    code: str
    display: str
    ceiling: float
    midpoint: float
    spread: float
    log_odds: float
    admissions: float
    drugs: dict[str, float]
    labs: dict[str, float]

    def share(self, age: float) -> float:
        """How many people of that age have it, 0 to 1."""
        return self.ceiling * sigmoid((age - self.midpoint) / self.spread)


@cache
def diseases() -> dict[str, Disease]:
    """All chronic diseases by name."""
    return {
        name: Disease(name=name, labs=row.get("labs", {}), **without(row, "labs"))
        for name, row in table("diseases").items()
    }


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    """The row less one key."""
    return {name: value for name, value in row.items() if name != key}


@dataclass(frozen=True, slots=True)
class Health:
    """What does not change from stay to stay.

    Attributes:
        diseases: Names, in the order of the table.
        usual: Usual value of each test, in its unit.
        drugs: What is taken every day.
        factors: Lasting factors that only notes tell.
        frailty: Multiplies the rate of first admissions; mean 1.
        weight: kg.
    """

    diseases: tuple[str, ...]
    usual: dict[str, float]
    drugs: tuple[str, ...]
    factors: frozenset[str]
    frailty: float
    weight: float

    def admissions_per_year(self, age: int) -> float:
        """Rate of first admissions (not readmissions) at that age, per year."""
        weight = sum(diseases()[name].admissions for name in self.diseases)
        rate = 0.30 * math.exp(weight + 0.012 * max(0, age - 45)) * self.frailty
        return min(2.5, rate)


def health(rng: Random, age: int, gender: str) -> Health:
    """The health of a person of that age, years."""
    present = tuple(
        d.name for d in diseases().values() if happens(rng, d.share(age)) and fits(d.name, age)
    )
    return Health(
        diseases=present,
        usual=usual_values(rng, present, gender),
        drugs=daily_drugs(rng, present),
        factors=lasting_factors(rng),
        frailty=rng.gammavariate(2.5, 0.4),
        weight=usual_weight(rng, age, obese="obesity" in present),
    )


def usual_weight(rng: Random, age: int, *, obese: bool) -> float:
    """Body weight, kg."""
    if age < 18:
        return clipped(rng, 8.0 + 3.2 * age, 3.0, 4.0, 95.0)
    return clipped(rng, 108.0 if obese else 74.0, 11.0, 41.0, 190.0)


def fits(disease: str, age: int) -> bool:
    """Children have asthma or nothing."""
    return age >= 18 or disease == "asthma"


def usual_values(rng: Random, present: tuple[str, ...], gender: str) -> dict[str, float]:
    """The usual value of each test, shifted by each disease."""
    values = {}
    for name, row in table("labs").items():
        value = rng.gauss(row["usual"], row["spread"])
        value += sum(diseases()[d].labs.get(name, 0.0) * rng.uniform(0.5, 1.4) for d in present)
        values[name] = value
    values["haemoglobin"] += 0.6 if gender == "male" else -0.4
    return values


def daily_drugs(rng: Random, present: tuple[str, ...]) -> tuple[str, ...]:
    """The drugs of all diseases, each once, and a few that anyone may take."""
    drawn = [
        drug
        for name in present
        for drug, share in diseases()[name].drugs.items()
        if happens(rng, share)
    ]
    extra = {"omeprazole": 0.22, "gabapentin": 0.10, "acetaminophen": 0.12, "docusate": 0.06}
    drawn += [drug for drug, share in extra.items() if present and happens(rng, share)]
    return tuple(dict.fromkeys(drawn))
