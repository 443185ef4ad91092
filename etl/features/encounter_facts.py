"""Counts a hospital keeps of a stay itself, sent as Observations of our own code system.

`http://homeward.dev/fhir/encounter-facts` is for sites whose record holds totals (laboratory
procedures, earlier visits) but not each thing counted. The newest value in a stay counts.
"""

from math import nan

from etl.features.feature import Feature
from etl.features.view import Spell, View

SYSTEM = "http://homeward.dev/fhir/encounter-facts"
FACTS = {
    "num-lab-procedures": ("laboratory {test|tests}", "stay_intensity"),
    "num-procedures": ("{procedure|procedures} other than laboratory tests", "stay_intensity"),
    "num-medications": ("{medicine|medicines} given", "medicines"),
    "number-diagnoses": ("{diagnosis|diagnoses} entered", "stay_intensity"),
    "number-outpatient": ("outpatient {visit|visits} in the year before", "prior_visits"),
    "number-emergency": ("emergency {visit|visits} in the year before", "prior_emergency"),
    "number-inpatient": ("hospital {stay|stays} in the year before", "prior_stays"),
}
SUMMARIES = {
    "": ("this stay", "{value} "),
    "_earlier_mean": ("mean of earlier stays", "in earlier stays, on average {value} "),
    "_earlier_last": ("stay before this one", "in the stay before, {value} "),
}


def stem(code: str) -> str:
    """The feature's name for a code of the system.

    >>> stem("num-lab-procedures")
    'fact_num_lab_procedures'
    """
    return f"fact_{code.replace('-', '_')}"


FEATURES = tuple(
    Feature(
        f"{stem(code)}{suffix}",
        f"{code.replace('-', ' ').capitalize()} as the hospital counts it, {window}", "count",
        f"Observation.value of {SYSTEM}|{code}", window, factor, f"{opening}{words}",
        digits=1 if "mean" in suffix else 0,
    )
    for code, (words, factor) in FACTS.items()
    for suffix, (window, opening) in SUMMARIES.items()
)  # fmt: skip


def encounter_facts(view: View) -> dict[str, float]:
    """Values of the features above; NaN where the hospital sent no such count."""
    now = facts(view.index) if view.index else {}
    earlier = [facts(spell) for spell in view.earlier]
    values: dict[str, float] = {}
    for code in FACTS:
        series = [found[code] for found in earlier if code in found]
        name = stem(code)
        values[name] = now.get(code, nan)
        values[f"{name}_earlier_mean"] = sum(series) / len(series) if series else nan
        values[f"{name}_earlier_last"] = series[-1] if series else nan
    return values


def facts(spell: Spell) -> dict[str, float]:
    """The newest count of each kind within one hospitalisation."""
    prefix = f"{SYSTEM}//"
    return {
        line.rest.removeprefix(prefix): line.event.numeric_value
        for line in spell.lines
        if line.rest.startswith(prefix) and line.event.numeric_value is not None
    }
