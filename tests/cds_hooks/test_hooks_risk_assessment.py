"""The RiskAssessment: valid R4, and under the right names for each reader."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from fhir.resources.R4B.riskassessment import RiskAssessment
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_hooks.risk_assessment import (
    View,
    client_view,
    percent,
    risk_assessment,
    stored_resource,
    stored_view,
)
from cds_hooks.scoring.stay import Stay
from cds_hooks.service import Level
from fhir_api.json_text import dump, parse
from fhir_api.validation.validator import Validator
from model.score import Score
from privacy.pseudonyms import is_pseudonym, pseudonym
from tests.cds_hooks.test_hooks_card import assessment, score
from tests.support.hooks import ANN_PSEUDONYM, KEYS, STAY_PSEUDONYM
from tests.support.patients import ANN, STAY

AS_OF = datetime(2024, 6, 1, 12, tzinfo=UTC)
VALIDATOR = Validator()
SEEN = View("ann", "stay", AS_OF, ["Patient/ann"])


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["low", "moderate", "high"]))
def test_every_score_gives_a_valid_assessment(
    probability: float, base_rate: float, level: Level
) -> None:
    made = risk_assessment(Score(probability, base_rate, (), 1, 2, "v1"), SEEN, level, "final")

    read = parse(dump(made))
    assert VALIDATOR.validate(read) == []
    RiskAssessment.model_validate(read)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_percentage_is_never_a_fraction_nor_over_100(probability: float) -> None:
    assert abs(percent(probability) - Decimal(100 * probability)) <= Decimal("0.0501")
    assert 0 <= percent(probability) <= 100


def test_the_period_begins_at_discharge_and_lasts_30_days() -> None:
    (prediction,) = risk_assessment(score(), SEEN, "high", "final")["prediction"]

    assert prediction["whenPeriod"] == {
        "start": "2024-06-01T12:00:00+00:00",
        "end": "2024-07-01T12:00:00+00:00",
    }


def test_the_risk_is_compared_with_the_usual_one() -> None:
    (prediction,) = risk_assessment(score(0.28), SEEN, "moderate", "final")["prediction"]

    assert prediction["relativeRisk"] == Decimal("2.00")


def test_the_rationale_gives_reasons_inputs_and_unit() -> None:
    (prediction,) = risk_assessment(score(), SEEN, "high", "final")["prediction"]

    assert prediction["rationale"] == (
        "2 hospital stays in the last 12 months; Sodium 131 mmol/L; The notes speak of living "
        "alone. Scored on 41 of 44 inputs. probabilityDecimal is a percentage: 31.0 of 100."
    )


def test_the_client_sees_its_own_ids_and_dates() -> None:
    seen = client_view(assessment(stay=Stay(STAY, STAY_PSEUDONYM)))

    assert (seen.patient, seen.encounter, seen.as_of) == (ANN, STAY, AS_OF)
    assert seen.basis == [f"Patient/{ANN}", f"Encounter/{STAY}", "Condition/heart-failure"]


def test_the_store_sees_pseudonyms_and_shifted_dates() -> None:
    seen = stored_view(assessment(stay=Stay(STAY, STAY_PSEUDONYM)), KEYS)

    assert (seen.patient, seen.encounter) == (ANN_PSEUDONYM, STAY_PSEUDONYM)
    assert (AS_OF - seen.as_of).days == 70
    assert all(is_pseudonym(reference.partition("/")[2]) for reference in seen.basis)


def test_the_stored_assessment_is_named_by_its_prediction() -> None:
    made = assessment()

    stored = stored_resource(made, "high", KEYS)

    expected = pseudonym(KEYS, "RiskAssessment", str(made.prediction_id))
    assert isinstance(made.prediction_id, UUID)
    assert stored.resource_id == stored.body["id"] == expected
    assert stored.patient_id == ANN_PSEUDONYM


@pytest.mark.parametrize("stay", [None, Stay(None, STAY_PSEUDONYM), Stay(STAY, STAY_PSEUDONYM)])
def test_the_stored_assessment_names_no_real_id(stay: Stay | None) -> None:
    stored = stored_resource(assessment(stay=stay), "high", KEYS)

    assert ANN not in str(stored)
    assert STAY not in str(stored)
    assert VALIDATOR.validate(parse(dump(stored.body))) == []
