"""The burden of medicines, what changed in this stay, and medicines that need watching.

Classes stand in `medicines.toml`. A medicine is "before" when it was ordered, dispensed or said
to be taken in the 180 days before this stay, and "for home" when ordered in this stay with the
R4 category discharge, community or outpatient.
"""

import tomllib
from collections.abc import Iterable
from datetime import timedelta
from functools import cache, lru_cache
from math import nan
from pathlib import Path

from etl.features.feature import Feature
from etl.features.this_stay import keep_first
from etl.features.view import Line, View

TABLE = Path(__file__).with_name("medicines.toml")
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
BEFORE = timedelta(days=180)
FOR_HOME = frozenset({"discharge", "community", "outpatient"})
TAKEN = frozenset({"MEDICATION_REQUEST", "MEDICATION_DISPENSE", "MEDICATION_STATEMENT"})
CLASSES = ("insulin", "anticoagulant", "opioid", "diuretic", "steroid")
SOURCE = "MedicationRequest, -Dispense, -Statement"

FEATURES = (
    Feature(
        "home_medicines", "Medicines ordered for home", "count",
        "MedicationRequest.category discharge, community or outpatient", "this stay",
        "medicines", "{value} {medicine|medicines} ordered for home", modifiable=True,
    ),
    Feature(
        "medicines_before", "Medicines before this stay", "count", SOURCE,
        "180 days before this stay", "medicines", "{value} {medicine|medicines} before this stay",
    ),
    Feature(
        "medicines_new", "Medicines of this stay that are new", "count", SOURCE,
        "this stay against 180 days before", "medicine_changes",
        "{value} new {medicine|medicines}", modifiable=True,
    ),
    Feature(
        "medicines_stopped", "Medicines from before that this stay does not name", "count", SOURCE,
        "this stay against 180 days before", "medicine_changes",
        "{value} earlier {medicine|medicines} no longer named", modifiable=True,
    ),
    *(
        Feature(
            f"takes_{name}", f"Takes {words}", "yes/no", f"{SOURCE} (RxNorm, ATC)", "this stay",
            "high_risk_medicines", f"takes {words}", f"does not take {words}", modifiable=True,
        )
        for name, words in zip(
            CLASSES,
            ("insulin", "an anticoagulant", "an opioid", "a loop diuretic", "a systemic steroid"),
            strict=True,
        )
    ),
    Feature(
        "high_risk_medicines", "Classes of high-risk medicines", "count",
        f"{SOURCE} (RxNorm, ATC)", "this stay", "high_risk_medicines",
        "{value} {class|classes} of high-risk medicines", modifiable=True,
    ),
)  # fmt: skip


def medicines(view: View) -> dict[str, float]:
    """Values of the features above; NaN outside a stay, and for classes without a known code."""
    since = view.anchor - BEFORE
    before = different(
        line
        for line in view.lines
        if line.kind in TAKEN and line.time is not None and since <= line.time < view.anchor
    )
    if view.index is None:
        unknown = dict.fromkeys((feature.name for feature in FEATURES), nan)
        return unknown | {"medicines_before": float(len(before))}
    now = [line for line in view.index.lines if line.kind.startswith("MEDICATION")]
    home = different(line for line in now if line.event.text_value in FOR_HOME)
    going_on = home or different(now)
    return {
        "home_medicines": float(len(home)),
        "medicines_before": float(len(before)),
        "medicines_new": float(len(going_on - before)),
        "medicines_stopped": float(len(before - going_on)),
        **classes_taken(now),
    }


def different(lines: Iterable[Line]) -> set[str]:
    """Different medicines; one that is coded in several systems is one."""
    found: dict[str, str] = {}
    for line in lines:
        keep_first(found, line.event.resource_id, line.rest)
    return set(found.values())


def classes_taken(lines: Iterable[Line]) -> dict[str, float]:
    """1.0 or 0.0 for each class, and how many there are."""
    pairs = {line.rest for line in lines}
    known = [found for pair in pairs if (found := classes_of(pair)) is not None]
    if pairs and not known:
        unknown = dict.fromkeys((f"takes_{name}" for name in CLASSES), nan)
        return {**unknown, "high_risk_medicines": nan}
    taken = {name for found in known for name in found}
    flags = {f"takes_{name}": float(name in taken) for name in CLASSES}
    return {**flags, "high_risk_medicines": float(len(taken))}


@lru_cache(maxsize=65_536)
def classes_of(pair: str) -> tuple[str, ...] | None:
    """Classes of a medicine given as `system//code`; None when it is no RxNorm or ATC code."""
    system, _, code = pair.rpartition("//")
    if system == RXNORM:
        return tuple(name for name in CLASSES if code in table()[name]["rxnorm"])
    if system == ATC:
        return tuple(name for name in CLASSES if code.startswith(tuple(table()[name]["atc"])))
    return None


@cache
def table() -> dict[str, dict[str, list[str]]]:
    """The classes with their codes."""
    read: dict[str, dict[str, list[str]]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return read
