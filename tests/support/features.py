"""Feature rows and snapshots drawn by a seed, with a known risk, for tests of the model."""

from datetime import UTC, datetime, timedelta

import numpy as np

from etl.features.row import FeatureRow, Step

AS_OF = datetime(2150, 3, 1, 12, tzinfo=UTC)
FEATURES = ("age_years", "prior_admissions", "length_of_stay_days", "lace")
CODES = tuple(
    f"DIAGNOSIS//http://hl7.org/fhir/sid/icd-10-cm//{c}" for c in ("E11.9", "I50.9", "J44.1")
)
LABS = ("LAB//http://loinc.org//718-7", "LAB//http://loinc.org//2951-2")


def empty_row(features: int = len(FEATURES)) -> FeatureRow:
    """A patient of whom nothing is known: no value, no code, no history, no note."""
    return FeatureRow("p", "e", AS_OF, (float("nan"),) * features, (), (), ())


def drawn_row(draw: np.random.Generator, number: int, features: int = len(FEATURES)) -> FeatureRow:
    """One patient with up to four steps of history; some have nothing."""
    values = np.where(draw.random(features) < 0.2, np.nan, draw.poisson(2.0, features))
    stay = sorted(code for code in CODES if draw.random() < 0.4)
    steps = tuple(_step(draw, 100.0 * (4 - place)) for place in range(draw.integers(0, 5)))
    return FeatureRow(
        patient_id=f"p{number // 2}",
        encounter_id=f"e{number}",
        as_of=AS_OF + timedelta(days=number),
        values=tuple(map(float, values)),
        stay_codes=tuple(stay),
        steps=steps,
        note_keys=tuple(f"n{number}-{place}" for place in range(draw.integers(0, 3))),
    )


def drawn_rows(count: int, seed: int = 0, features: int = len(FEATURES)) -> list[FeatureRow]:
    """`count` rows, two to a patient."""
    draw = np.random.default_rng(seed)
    return [drawn_row(draw, number, features) for number in range(count)]


def _step(draw: np.random.Generator, hours: float) -> Step:
    codes = sorted(code for code in (*CODES, *LABS) if draw.random() < 0.5) or [CODES[0]]
    values = tuple(float(draw.normal(10, 3)) if code in LABS else float("nan") for code in codes)
    return Step(hours, tuple(codes), values)
