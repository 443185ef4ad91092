"""Why someone is admitted, and which reason comes next."""

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Literal

from homeward.simulation.chance import happens, pick
from homeward.simulation.tables.read import table

Kind = Literal["emergency", "elective", "planned_only", "child", "psychiatric"]
CANCERS = frozenset({"colon_cancer", "lung_cancer"})


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for admission; `tables/reasons.toml` says what each field does."""

    name: str
    code: str
    display: str
    words: str
    kind: Kind
    weight: float
    days: float
    course: str
    labs: dict[str, float] = field(default_factory=dict)
    drugs: dict[str, float] = field(default_factory=dict)
    procedures: dict[str, float] = field(default_factory=dict)
    more_with: dict[str, float] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    after: str = ""
    min_age: int = 18
    max_age: int = 120

    def weight_for(self, present: tuple[str, ...], age: int) -> float:
        """How likely, against other reasons, for someone with these diseases and age."""
        possible = self.min_age <= age <= self.max_age
        if not possible or (self.needs and not set(self.needs) & set(present)):
            return 0.0
        weight = self.weight
        for disease in present:
            weight *= self.more_with.get(disease, 1.0)
        return weight

    @property
    def is_emergency(self) -> bool:
        """True unless the stay was arranged before."""
        return self.kind not in {"elective", "planned_only"}


@cache
def reasons() -> dict[str, Reason]:
    """All reasons by name."""
    return {name: reason(name, dict(row)) for name, row in table("reasons").items()}


def reason(name: str, row: dict[str, object]) -> Reason:
    """One row of the table; `with` is a word of Python, so it is called `more_with` here."""
    row["more_with"] = row.pop("with", {})
    row["needs"] = tuple(row.get("needs", ()))  # type: ignore[arg-type] # a TOML array of strings
    return Reason(name=name, **row)  # type: ignore[arg-type] # TOML values; the table's test checks


def kinds_for(age: int, *, emergency: bool) -> frozenset[str]:
    """The kinds of reason that someone of that age may have."""
    if age < 18:
        return frozenset({"child", "emergency"})
    if emergency:
        return frozenset({"emergency", "psychiatric"})
    return frozenset({"emergency", "psychiatric", "elective"})


def first_reason(rng: Random, present: tuple[str, ...], age: int) -> Reason:
    """The reason of an admission that follows no discharge."""
    return draw(rng, present, age, kinds_for(age, emergency=False))


def unplanned_reason(rng: Random, previous: Reason, present: tuple[str, ...], age: int) -> Reason:
    """The reason of an unplanned readmission: often the same illness again."""
    if previous.kind == "emergency" and happens(rng, 0.4):
        return previous
    return draw(rng, present, age, kinds_for(age, emergency=True) - {"psychiatric"})


def planned_reason(previous: Reason, present: tuple[str, ...]) -> Reason:
    """The reason of a planned readmission."""
    staged = [r for r in reasons().values() if r.after == previous.name]
    if staged:
        return staged[0]
    if CANCERS & set(present):
        return reasons()["chemotherapy"]
    return reasons()["coronary_stent" if "coronary_disease" in present else "hernia"]


def draw(rng: Random, present: tuple[str, ...], age: int, kinds: frozenset[str]) -> Reason:
    """A reason of those kinds, by weight."""
    weights = {name: r.weight_for(present, age) for name, r in reasons().items() if r.kind in kinds}
    return reasons()[pick(rng, weights)]
