"""The score as a FHIR R4 RiskAssessment, twice: for the card with real ids, for the store without.

R4 gives `probabilityDecimal` as a percentage (invariant ras-2: at most 100), so that a risk of
0.31 is written 31.0; the rationale says so in words, because many readers expect a fraction.
https://hl7.org/fhir/R4/riskassessment.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from cds_hooks.scoring.assess import Assessment
from cds_hooks.service import Level
from model.score import Score
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource

HORIZON = timedelta(days=30)
MODEL_SYSTEM = "http://homeward.dev/fhir/CodeSystem/model-version"
RISK_CODE = {
    "system": "http://homeward.dev/fhir/CodeSystem/risk",
    "code": "unplanned-readmission-30-days",
}
RISK_TEXT = "Unplanned readmission within 30 days"
PROBABILITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/risk-probability"
REASONS_TOLD = 3
LEAST_BASE_RATE = 0.001  # what is compared with nothing has no ratio


@dataclass(frozen=True, slots=True)
class View:
    """The names under which one reader knows patient, stay and time.

    Attributes:
        patient: Id of the Patient.
        encounter: Id of the Encounter, if there is one.
        as_of: The moment the score speaks of.
        basis: `Type/id` of what the score rests on.
    """

    patient: str
    encounter: str | None
    as_of: datetime
    basis: Sequence[str]


def client_view(assessment: Assessment) -> View:
    """As the client knows them: real ids, true dates, and the resources it sent itself."""
    stay = assessment.stay
    real_stay = stay.real_id if stay else None
    patient = assessment.call.context.patientId
    named = [f"Patient/{patient}", *([f"Encounter/{real_stay}"] if real_stay else [])]
    basis = list(dict.fromkeys([*named, *assessment.provenance.used]))
    return View(patient, real_stay, assessment.as_of, basis)


def stored_view(assessment: Assessment, keys: SiteKeys) -> View:
    """As the store knows them: pseudonyms and shifted dates."""
    seen = client_view(assessment)
    encounter_id = assessment.stay.encounter_id if assessment.stay else None
    basis = [_pseudonymous(reference, keys) for reference in seen.basis]
    return View(assessment.patient_id, encounter_id, assessment.shifted_as_of, basis)


def stored_resource(assessment: Assessment, level: Level, keys: SiteKeys) -> CleanResource:
    """The RiskAssessment that `ResourceStore.write` takes; its real id is the prediction's."""
    resource_id = pseudonym(keys, "RiskAssessment", str(assessment.prediction_id))
    body = risk_assessment(assessment.score, stored_view(assessment, keys), level, "final")
    return CleanResource(
        resource_type="RiskAssessment",
        resource_id=resource_id,
        patient_id=assessment.patient_id,
        body={"resourceType": "RiskAssessment", "id": resource_id, **body},
        identifier_tokens=(),
    )


def risk_assessment(
    score: Score, view: View, level: Level, status: Literal["preliminary", "final"]
) -> dict[str, Any]:
    """A RiskAssessment without an id; `preliminary` until somebody has filed it."""
    encounter = {"encounter": {"reference": f"Encounter/{view.encounter}"}}
    return {
        "resourceType": "RiskAssessment",
        "status": status,
        "method": {
            "coding": [{"system": MODEL_SYSTEM, "code": score.model_version}],
            "text": f"Homeward readmission model {score.model_version}",
        },
        "code": {"coding": [RISK_CODE], "text": RISK_TEXT},
        "subject": {"reference": f"Patient/{view.patient}"},
        **(encounter if view.encounter else {}),
        "occurrenceDateTime": fhir_instant(view.as_of),
        "performer": {"display": "Homeward"},
        "basis": [{"reference": reference} for reference in view.basis],
        "prediction": [_prediction(score, view.as_of, level)],
    }


def fhir_instant(moment: datetime) -> str:
    """A dateTime with seconds and zone, as FHIR wants it."""
    return moment.isoformat(timespec="seconds")


def percent(probability: float) -> Decimal:
    """A probability as a percentage with one decimal.

    >>> percent(0.3149)
    Decimal('31.5')
    """
    return Decimal(f"{100 * probability:.1f}")


def _prediction(score: Score, as_of: datetime, level: Level) -> dict[str, Any]:
    comparable = score.base_rate >= LEAST_BASE_RATE
    relative = score.probability / score.base_rate if comparable else None
    return {
        "outcome": {"text": RISK_TEXT},
        "probabilityDecimal": percent(score.probability),
        "qualitativeRisk": {
            "coding": [
                {
                    "system": PROBABILITY_SYSTEM,
                    "code": level,
                    "display": f"{level.capitalize()} likelihood",
                }
            ]
        },
        **({} if relative is None else {"relativeRisk": Decimal(f"{relative:.2f}")}),
        "whenPeriod": {"start": fhir_instant(as_of), "end": fhir_instant(as_of + HORIZON)},
        "rationale": _rationale(score),
    }


def _rationale(score: Score) -> str:
    reasons = "; ".join(reason.text for reason in score.reasons[:REASONS_TOLD])
    known = f"Scored on {score.inputs_known} of {score.inputs_total} inputs"
    unit = f"probabilityDecimal is a percentage: {percent(score.probability)} of 100"
    return ". ".join(part for part in (reasons, known, unit) if part) + "."


def _pseudonymous(reference: str, keys: SiteKeys) -> str:
    resource_type, _, real_id = reference.partition("/")
    return f"{resource_type}/{pseudonym(keys, resource_type, real_id)}"
