"""LACE and HOSPITAL: the two scores that hospitals compute by hand, with their points.

LACE: van Walraven et al., CMAJ 2010;182:551-7. HOSPITAL: Donzé et al., JAMA Intern Med
2016;176:496-502 (international validation). As at the bedside, what is not known gives no points.
"""

from collections.abc import Mapping, Sequence
from math import inf, nan

from etl.features.comorbidities import GROUPS, groups_known, worst_only
from etl.features.feature import Feature
from etl.features.view import View
from etl.labels.ccs import diagnosis_category

Bands = Sequence[tuple[float, float]]  # from this value on, these points

LACE_LENGTH: Bands = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (14, 7))
LACE_COMORBIDITY: Bands = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 5))
LACE_EMERGENCY: Bands = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4))
HOSPITAL_ADMISSIONS: Bands = ((0, 0), (2, 2), (6, 5))
LOW_HAEMOGLOBIN = 12.0
LOW_SODIUM = 135.0
LONG_STAY_DAYS = 5
CANCER_CATEGORIES = range(11, 48)
ONCOLOGY_SERVICES = frozenset({"OMED", "394593009", "394592004", "408440000"})
STAY = "this stay and the 6 to 12 months before"

POINTS = {
    "lace_length": "length of stay",
    "lace_acute": "acute admission",
    "lace_comorbidity": "comorbidities",
    "lace_emergency": "emergency visits in 180 days",
    "hospital_haemoglobin": "haemoglobin below 12 g/dL",
    "hospital_oncology": "cancer care",
    "hospital_sodium": "sodium below 135 mmol/L",
    "hospital_procedure": "a procedure in this stay",
    "hospital_index_type": "an urgent admission",
    "hospital_admissions": "admissions in the last 365 days",
    "hospital_length": "a stay of 5 days or more",
}
FEATURES = (
    *(
        Feature(
            name, f"{name.partition('_')[0].upper()} points for {words}", "points",
            "the features of the same meaning", STAY, "scores",
            f"{{value}} {name.partition('_')[0].upper()} {{point|points}} for {words}",
        )
        for name, words in POINTS.items()
    ),
    Feature("lace", "LACE index", "points", "its four parts", STAY, "scores", "LACE of {value}"),
    Feature(
        "hospital_score", "HOSPITAL score", "points", "its seven parts", STAY, "scores",
        "HOSPITAL score of {value}",
    ),
)  # fmt: skip


def scores(view: View, values: Mapping[str, float]) -> dict[str, float]:
    """Points of both scores from features already computed; NaN outside a stay."""
    if view.index is None:
        return dict.fromkeys((feature.name for feature in FEATURES), nan)
    points = lace_points(view, values) | hospital_points(view, values)
    sums = {
        score: sum(points[name] for name in POINTS if name.startswith(prefix))
        for score, prefix in (("lace", "lace_"), ("hospital_score", "hospital_"))
    }
    return points | sums


def lace_points(view: View, values: Mapping[str, float]) -> dict[str, float]:
    """L, A, C and E."""
    groups = worst_only(groups_known(view) or ())
    weight = sum(GROUPS[name].lace for name in groups)
    acute = values["admitted_via_emergency"] == 1 or values["admitted_urgently"] == 1
    return {
        "lace_length": points_of(values["los_days"], LACE_LENGTH),
        "lace_acute": 3.0 if acute else 0.0,
        "lace_comorbidity": points_of(weight, LACE_COMORBIDITY),
        "lace_emergency": points_of(values["prior_emergency_180d"], LACE_EMERGENCY),
    }


def hospital_points(view: View, values: Mapping[str, float]) -> dict[str, float]:
    """H, O, S, P, IT, A and L; a comparison with NaN is false, and gives no points."""
    urgent = values["admitted_urgently"] == 1 or values["admitted_via_emergency"] == 1
    return {
        "hospital_haemoglobin": float(values["haemoglobin_last"] < LOW_HAEMOGLOBIN),
        "hospital_oncology": 2.0 if cancer_care(view) else 0.0,
        "hospital_sodium": float(values["sodium_last"] < LOW_SODIUM),
        "hospital_procedure": float(values["procedures"] > 0),
        "hospital_index_type": float(urgent),
        "hospital_admissions": points_of(values["prior_stays_365d"], HOSPITAL_ADMISSIONS),
        "hospital_length": 2.0 if values["los_days"] >= LONG_STAY_DAYS else 0.0,
    }


def cancer_care(view: View) -> bool:
    """A cancer service, or cancer (its chemotherapy included) as the principal diagnosis."""
    assert view.index is not None
    last = view.index.stays[-1]
    services = {pair.rpartition("//")[2] for pair in last.services}
    if not services.isdisjoint(ONCOLOGY_SERVICES):
        return True
    categories = (diagnosis_category(pair) for pair in last.principal)
    return any(category in CANCER_CATEGORIES for category in categories if category)


def points_of(value: float, bands: Bands) -> float:
    """Points of the highest band the value reaches; 0 below all, and for NaN."""
    reached = [points for start, points in bands if start <= value < inf]
    return float(reached[-1]) if reached else 0.0
