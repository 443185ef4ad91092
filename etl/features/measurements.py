"""Laboratory results and vital signs of this stay.

Values are in one unit for each test (`etl/events/units.py`). A test that was not done in this
stay is unknown; only HbA1c, which tells of the last months, is looked for a year back.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from math import nan
from typing import NamedTuple

from etl.features.feature import Feature
from etl.features.view import Line, View

LOINC = "http://loinc.org//"
STAY = "this stay"
YEAR_BACK = timedelta(days=365)
NORMAL_POTASSIUM = 4.25
CRITICAL_FLAGS = frozenset({"HH", "LL", "AA", "HU", "LU"})


def furthest_from_normal(values: Iterable[float]) -> float:
    """The potassium that is furthest from the middle of its normal range."""
    return max(values, key=lambda value: (abs(value - NORMAL_POTASSIUM), value))


class Measure(NamedTuple):
    """One test: its codes, what it is called, and which of its values is the worst."""

    codes: tuple[str, ...]
    words: str
    unit: str
    digits: int
    factor: str
    worst: Callable[[Iterable[float]], float] | None = None


LABS = {
    "haemoglobin": Measure(("718-7",), "haemoglobin", "g/dL", 1, "anaemia", min),
    "sodium": Measure(("2951-2",), "sodium", "mmol/L", 0, "electrolytes", min),
    "potassium": Measure(
        ("2823-3",), "potassium", "mmol/L", 1, "electrolytes", furthest_from_normal
    ),
    "creatinine": Measure(("2160-0",), "creatinine", "mg/dL", 2, "kidneys", max),
    "bun": Measure(("3094-0",), "urea nitrogen", "mg/dL", 0, "kidneys", max),
    "albumin": Measure(("1751-7",), "albumin", "g/dL", 1, "nutrition", min),
    "wbc": Measure(("6690-2",), "white cell count", "10*3/uL", 1, "inflammation", max),
    "glucose": Measure(("2345-7", "2339-0"), "glucose", "mg/dL", 0, "glucose_control", max),
    "hba1c": Measure(("4548-4",), "HbA1c", "%", 1, "glucose_control"),
    "lactate": Measure(("2524-7",), "lactate", "mmol/L", 1, "inflammation", max),
    "bnp": Measure(("30934-4", "42637-9"), "BNP", "pg/mL", 0, "heart", max),
    "nt_probnp": Measure(("33762-6",), "NT-proBNP", "pg/mL", 0, "heart", max),
}
VITALS = {
    "systolic": Measure(("8480-6",), "systolic blood pressure", "mm[Hg]", 0, "vital_signs"),
    "diastolic": Measure(("8462-4",), "diastolic blood pressure", "mm[Hg]", 0, "vital_signs"),
    "heart_rate": Measure(("8867-4",), "heart rate", "/min", 0, "vital_signs"),
    "respiratory_rate": Measure(("9279-1",), "respiratory rate", "/min", 0, "vital_signs"),
    "temperature": Measure(("8310-5",), "temperature", "Cel", 1, "vital_signs"),
    "oxygen_saturation": Measure(("2708-6", "59408-5"), "oxygen saturation", "%", 0, "vital_signs"),
    "weight": Measure(("29463-7",), "weight", "kg", 1, "vital_signs"),
    "bmi": Measure(("39156-5",), "body mass index", "kg/m2", 1, "vital_signs"),
}
MEASURES = LABS | VITALS
NAME_OF = {f"{LOINC}{code}": name for name, each in MEASURES.items() for code in each.codes}
CHANGES = ("haemoglobin", "sodium", "creatinine", "bun", "wbc", "weight")


def last_feature(name: str, measure: Measure) -> Feature:
    """The newest value."""
    words, window = measure.words, "365 days back" if name == "hba1c" else STAY
    return Feature(
        f"{name}_last", f"Last {words}", measure.unit, source(measure), window,
        measure.factor, f"last {words} {{value}} {measure.unit}", digits=measure.digits,
    )  # fmt: skip


def worst_feature(name: str, measure: Measure) -> Feature:
    """The value furthest on the dangerous side."""
    return Feature(
        f"{name}_worst", f"Worst {measure.words}", measure.unit, source(measure), STAY,
        measure.factor, f"worst {measure.words} {{value}} {measure.unit}", digits=measure.digits,
    )  # fmt: skip


def change_feature(name: str) -> Feature:
    """The newest value less the first."""
    measure = MEASURES[name]
    words = f"{measure.words} changed by {{value}} {measure.unit} in this stay"
    return Feature(
        f"{name}_change", f"Change of {measure.words}, last less first", measure.unit,
        source(measure), STAY, measure.factor, words, digits=measure.digits,
    )  # fmt: skip


def source(measure: Measure) -> str:
    """The Observation by its LOINC codes."""
    return f"Observation.value of LOINC {', '.join(measure.codes)}"


FEATURES = (
    *(last_feature(name, measure) for name, measure in MEASURES.items()),
    *(worst_feature(name, measure) for name, measure in LABS.items() if measure.worst),
    *(change_feature(name) for name in CHANGES),
    Feature(
        "abnormal_results", "Abnormal results", "count", "Observation.interpretation", STAY,
        "abnormal_results", "{value} abnormal {result|results} in this stay",
    ),
    Feature(
        "critical_results", "Critical results", "count", "Observation.interpretation", STAY,
        "abnormal_results", "{value} critical {result|results} in this stay",
    ),
)  # fmt: skip


def measurements(view: View) -> dict[str, float]:
    """Values of the features above; NaN for what was not measured, or outside a stay."""
    lines = view.index.lines if view.index else []
    series = series_of(lines)
    since = view.as_of - YEAR_BACK
    recent = [line for line in view.lines if line.time is not None and line.time >= since]
    series["hba1c"] = series_of(recent, only="hba1c").get("hba1c", [])
    return {
        **{f"{name}_last": last(series.get(name, ())) for name in MEASURES},
        **{f"{name}_worst": worst(name, series) for name in LABS if LABS[name].worst},
        **{f"{name}_change": change(series.get(name, ())) for name in CHANGES},
        **flags(lines, known=view.index is not None),
    }


def series_of(lines: Iterable[Line], only: str | None = None) -> dict[str, list[float]]:
    """Values of each measure in the order of time; lines come in canonical order."""
    series: dict[str, list[float]] = {}
    for _, rest, time, event in lines:
        name = NAME_OF.get(rest)
        wanted = name is not None and (only is None or name == only)
        if name and wanted and time is not None and event.numeric_value is not None:
            series.setdefault(name, []).append(event.numeric_value)
    return series


def last(values: Sequence[float]) -> float:
    """The newest value; NaN when there is none."""
    return values[-1] if values else nan


def worst(name: str, series: dict[str, list[float]]) -> float:
    """The worst value of a test; NaN when there is none."""
    judge, values = LABS[name].worst, series.get(name)
    return judge(values) if judge and values else nan


def change(values: Sequence[float]) -> float:
    """Newest less first; NaN with fewer than two values."""
    return values[-1] - values[0] if len(values) > 1 else nan


def flags(lines: Iterable[Line], *, known: bool) -> dict[str, float]:
    """Counts of abnormal and critical results; NaN outside a stay."""
    if not known:
        return {"abnormal_results": nan, "critical_results": nan}
    found = [line.rest.rpartition("//")[2] for line in lines if line.kind == "ABNORMAL"]
    critical = sum(flag in CRITICAL_FLAGS for flag in found)
    return {"abnormal_results": float(len(found)), "critical_results": float(critical)}
