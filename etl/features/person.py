"""Who the patient is. Race and ethnicity are no features: they are kept for fairness reports."""

from datetime import timedelta
from math import nan

from etl.features.feature import Feature
from etl.features.view import View

YEAR = timedelta(days=365.2425)
OLDEST = 90.0
PARTNERED = frozenset({"M", "T"})

FEATURES = (
    Feature(
        "age", "Age", "a", "Patient.birthDate (the year)", "at the moment of prediction; 90 is 90+",
        "age", "{value} years old",
    ),
    Feature(
        "is_female", "Female", "yes/no", "Patient.gender", "always",
        "sex", "female", "male",
    ),
    Feature(
        "is_partnered", "Married or in a partnership", "yes/no", "Patient.maritalStatus", "always",
        "home", "married or in a partnership", "not married or in a partnership",
    ),
    Feature(
        "prefers_other_language", "Language other than English", "yes/no",
        "Patient.communication.language", "always",
        "home", "prefers another language than English", "prefers English",
    ),
)  # fmt: skip


def person(view: View) -> dict[str, float]:
    """Values of the features above; NaN where the record does not say."""
    age = nan if view.born_at is None else (view.as_of - view.born_at) / YEAR
    return {
        "age": min(age, OLDEST) if age == age else nan,  # noqa: PLR0124  # NaN is not itself
        "is_female": one_of(view.classes.get("gender", ()), frozenset({"female"})),
        "is_partnered": one_of(view.classes.get("marital", ()), PARTNERED),
        "prefers_other_language": no_english(view.classes.get("language", ())),
    }


def one_of(values: tuple[str, ...], wanted: frozenset[str]) -> float:
    """1.0 or 0.0 whether a value is wanted; NaN without values."""
    return float(not wanted.isdisjoint(values)) if values else nan


def no_english(languages: tuple[str, ...]) -> float:
    """1.0 when no language is a kind of English; NaN without languages."""
    spoken = [language.lower().partition("-")[0] for language in languages]
    return float("en" not in spoken) if spoken else nan
