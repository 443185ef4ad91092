"""What belongs together when a score is explained: features and codes by clinical factor.

Features say their factor themselves (`etl.features.catalogue`); the parts of the LACE and
HOSPITAL scores and the kinds of codes are assigned here. Explaining one factor then takes away
all that tells of it at once: the count, the score's points for it, and the codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.features.catalogue import BY_NAME

SCORE_PARTS = {
    "lace_length": "length_of_stay",
    "lace_acute": "admission",
    "lace_comorbidity": "comorbidity",
    "lace_emergency": "prior_emergency",
    "hospital_haemoglobin": "anaemia",
    "hospital_oncology": "comorbidity",
    "hospital_sodium": "electrolytes",
    "hospital_procedure": "stay_intensity",
    "hospital_index_type": "admission",
    "hospital_admissions": "prior_stays",
    "hospital_length": "length_of_stay",
}
TOTALS = {"lace": "lace_", "hospital_score": "hospital_"}  # sums of the parts so named
UNTOLD = frozenset({"scores", "record_length"})  # no reason a clinician could weigh

STAY_KINDS = {
    "PRINCIPAL": "comorbidity",
    "PRINCIPAL_GROUP": "comorbidity",
    "PRINCIPAL_ILLNESS": "comorbidity",
    "DIAGNOSIS": "comorbidity",
    "PROCEDURE": "stay_intensity",
    "LAB": "abnormal_results",
    "ABNORMAL": "abnormal_results",
    "VITAL": "vital_signs",
    "MEDICATION_REQUEST": "medicines",
    "MEDICATION_ADMINISTRATION": "medicines",
    "MEDICATION_STATEMENT": "medicines",
    "MEDICATION_DISPENSE": "medicines",
    "DISPOSITION": "destination",
    "ADMIT_SOURCE": "admission",
    "ADMISSION": "admission",
    "SERVICE": "admission",
    "SOCIAL": "home",
    "SURVEY": "home",
    "NOTE": "notes",
}
HISTORY_KINDS = {
    **STAY_KINDS,
    "ADMISSION": "prior_stays",
    "ADMIT_SOURCE": "prior_stays",
    "DISCHARGE": "prior_stays",
    "DISPOSITION": "prior_stays",
}
SILENT_WORDS = {  # for a factor that no known feature tells
    "comorbidity": "the diagnoses on record",
    "stay_intensity": "what was done in this stay",
    "abnormal_results": "the laboratory results",
    "vital_signs": "the vital signs",
    "medicines": "the medicines",
    "destination": "where the patient goes after discharge",
    "admission": "how the patient came in",
    "prior_stays": "earlier hospital stays",
    "home": "the situation at home",
}


@dataclass(frozen=True)
class Factors:
    """The factors that can be explained, and what belongs to each.

    Attributes:
        names: Keys, in order.
        features: (factor, feature) True where the feature is part of the factor.
        totals: (feature, feature) True where the column's feature is a part of the row's total.
    """

    names: tuple[str, ...]
    features: NDArray[np.bool_]
    totals: NDArray[np.bool_]

    @classmethod
    def of(cls, features: tuple[str, ...]) -> "Factors":
        """Factors of the features of a model, in its order."""
        owner = [factor_of(name) for name in features]
        names = tuple(sorted({*owner, *STAY_KINDS.values(), *HISTORY_KINDS.values()} - UNTOLD))
        belongs = np.array([[own == name for own in owner] for name in names])
        totals = np.array([[_is_part(part, total) for part in features] for total in features])
        return cls(names, belongs, totals)

    def of_codes(self, codes: Iterable[str], kinds: dict[str, str]) -> NDArray[np.int32]:
        """Place of each code's factor in `names`, -1 for a code of no factor."""
        places = {name: place for place, name in enumerate(self.names)}
        owners = (kinds.get(code.partition("//")[0], "") for code in codes)
        return np.array([places.get(owner, -1) for owner in owners], np.int32)


def factor_of(feature: str) -> str:
    """The clinical factor of a feature; the parts of scores go with what they count."""
    return SCORE_PARTS.get(feature) or BY_NAME[feature].factor


def _is_part(feature: str, total: str) -> bool:
    return total in TOTALS and feature not in TOTALS and feature.startswith(TOTALS[total])
