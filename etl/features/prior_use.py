"""How much hospital the patient used before this stay, and how earlier stays looked.

Windows reach back from the admission to this stay (outside a stay: from the moment of prediction).
"""

from datetime import timedelta
from math import nan

from etl.features.feature import Feature
from etl.features.this_stay import leads_into, volumes
from etl.features.view import DAY, Spell, View
from etl.labels.stays import Stay

WINDOWS: dict[str, int | None] = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "ever": None}
READMISSION_DAYS = 30

MEASURES = (
    ("prior_stays", "Hospital stays", "count", "Encounter of an inpatient class", "prior_stays",
     "{value} hospital {stay|stays}"),
    ("prior_days", "Nights in hospital", "d", "Encounter.period", "prior_stays",
     "{value} {night|nights} in hospital"),
    ("prior_emergency", "Emergency visits", "count", "Encounter of an emergency class",
     "prior_emergency", "{value} emergency {visit|visits}"),
    ("prior_visits", "Ambulatory and other visits", "count", "Encounter of any other class",
     "prior_visits", "{value} ambulatory {visit|visits}"),
)  # fmt: skip


def in_words(days: int | None) -> str:
    """The window as a clinician says it."""
    return "on record before this stay" if days is None else f"in the {days} days before this stay"


WINDOWED = tuple(
    Feature(
        f"{name}_{label}", f"{meaning} {in_words(days)}", unit, source, in_words(days), factor,
        f"{words} {in_words(days)}",
    )
    for label, days in WINDOWS.items()
    for name, meaning, unit, source, factor, words in MEASURES
)  # fmt: skip

COUNTED = {
    "los": ("length of stay", "d", "Encounter.period"),
    "labs": ("laboratory results", "count", "Observation of category laboratory"),
    "medications": ("different medicines", "count", "MedicationRequest, -Administration, …"),
    "diagnoses": ("diagnoses", "count", "Condition.code"),
}
SUMMARIES = {
    "sum": "all earlier stays together",
    "mean": "mean of earlier stays",
    "last": "stay before this one",
    "delta": "this stay less the mean of earlier ones",
}
EARLIER = tuple(
    Feature(
        f"earlier_{name}_{summary}", f"{meaning.capitalize()}, {words}", unit, source,
        "all stays before this one", "earlier_stays", f"{meaning}, {words}: {{value}}", digits=1,
    )
    for name, (meaning, unit, source) in COUNTED.items()
    for summary, words in SUMMARIES.items()
)  # fmt: skip

HISTORY = (
    Feature(
        "days_since_discharge", "Days since the last discharge", "d", "Encounter.period",
        "before this stay", "recency", "last discharged {value} {day|days} before this stay",
    ),
    Feature(
        "is_readmission", "This stay follows an earlier one within 30 days", "yes/no",
        "Encounter.period", "30 days before this stay", "recency",
        "this stay is itself a return within 30 days", "this stay is no return within 30 days",
    ),
    Feature(
        "prior_readmissions", "Earlier returns within 30 days", "count", "Encounter.period",
        "all stays up to this one", "recency",
        "{value} earlier {return|returns} to hospital within 30 days",
    ),
    Feature(
        "days_known", "Days from the first encounter on record to this stay", "d",
        "Encounter.period.start", "before this stay", "record_length",
        "known to the hospital for {value} {day|days}",
    ),
)  # fmt: skip

FEATURES = (*WINDOWED, *HISTORY, *EARLIER)


def prior_use(view: View) -> dict[str, float]:
    """Values of the features above; a patient without history has counts of 0 and unknown gaps."""
    values: dict[str, float] = {}
    for label, days in WINDOWS.items():
        values |= windowed(view, label, days)
    return values | history(view) | earlier_stays(view)


def windowed(view: View, label: str, days: int | None) -> dict[str, float]:
    """The four measures of one window."""
    since = None if days is None else view.anchor - timedelta(days=days)
    stays = [spell for spell in view.earlier if since is None or spell.ended_at >= since]
    visits = [visit for visit in view.visits if since is None or visit.admitted_at >= since]
    emergency = [visit for visit in visits if visit.emergency and not begins_this(visit, view)]
    return {
        f"prior_stays_{label}": float(len(stays)),
        f"prior_days_{label}": sum((spell.days for spell in stays), 0.0),
        f"prior_emergency_{label}": float(len(emergency)),
        f"prior_visits_{label}": float(sum(not visit.emergency for visit in visits)),
    }


def begins_this(visit: Stay, view: View) -> bool:
    """Whether an emergency visit is the beginning of this stay, and so no earlier use."""
    return view.index is not None and leads_into(visit, view.index)


def history(view: View) -> dict[str, float]:
    """Gaps between stays, and how long the record is."""
    starts = [spell.admitted_at for spell in view.earlier[1:]]
    starts += [view.index.admitted_at] if view.index else []
    gaps = [
        (start - spell.ended_at) / DAY for spell, start in zip(view.earlier, starts, strict=False)
    ]
    since = (view.anchor - view.earlier[-1].ended_at) / DAY if view.earlier else nan
    begun = [stay.admitted_at for stay in view.visits]
    begun += [spell.admitted_at for spell in view.earlier]
    return {
        "days_since_discharge": since,
        "is_readmission": float(since <= READMISSION_DAYS) if view.index else nan,
        "prior_readmissions": float(sum(gap <= READMISSION_DAYS for gap in gaps)),
        "days_known": (view.anchor - min(begun)) / DAY if begun else 0.0,
    }


def earlier_stays(view: View) -> dict[str, float]:
    """Sum, mean, last and difference of each measure of stays; NaN where there is no stay."""
    measured = [measures(spell) for spell in view.earlier]
    now = measures(view.index) if view.index else dict.fromkeys(COUNTED, nan)
    values: dict[str, float] = {}
    for name in COUNTED:
        series = [measure[name] for measure in measured]
        mean = sum(series) / len(series) if series else nan
        values[f"earlier_{name}_sum"] = float(sum(series))
        values[f"earlier_{name}_mean"] = mean
        values[f"earlier_{name}_last"] = series[-1] if series else nan
        values[f"earlier_{name}_delta"] = now[name] - mean
    return values


def measures(spell: Spell) -> dict[str, float]:
    """Length of stay and volumes of one hospitalisation."""
    return {"los": spell.days, **volumes(spell.lines)}
