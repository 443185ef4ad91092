"""The stored assessment, read back through the FHIR API by a caller who knows the real id."""

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from fhir.resources.R4B.riskassessment import RiskAssessment
from sqlalchemy import Engine

from cds_hooks.routes import build_router as hook_routes
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router as fhir_routes
from privacy.policy import load_policy
from tests.support.hooks import KEYS, SITE, hook_parts
from tests.support.patients import ANN, discharge_call

DISCHARGE = "/cds-services/readmission-risk-discharge"


def both(engine: Engine) -> TestClient:
    """Hooks and FHIR over the same parts, as the server has them."""
    parts = hook_parts(engine)
    ingestor = Ingestor(parts.store, parts.deidentifier, parts.validator, KEYS)
    app = FastAPI()
    app.include_router(hook_routes(parts))
    app.include_router(
        fhir_routes(
            FhirApi(ingestor, parts.store, KEYS, load_policy(), parts.validator, SITE, parts.now)
        ),
        prefix="/fhir",
    )
    return TestClient(app)


def found(client: TestClient, patient: str) -> list[dict[str, Any]]:
    answer = client.get("/fhir/RiskAssessment", params={"subject": f"Patient/{patient}"})
    assert answer.status_code == 200
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def test_an_assessment_is_found_by_the_real_patient(engine: Engine) -> None:
    client = both(engine)
    client.post(DISCHARGE, json=discharge_call())

    (assessment,) = found(client, ANN)

    RiskAssessment.model_validate(assessment)
    assert assessment["subject"] == {"reference": f"Patient/{ANN}"}
    assert assessment["prediction"][0]["probabilityDecimal"] == 31.0


def test_its_dates_are_the_true_ones_again(engine: Engine) -> None:
    client = both(engine)
    client.post(DISCHARGE, json=discharge_call())

    (assessment,) = found(client, ANN)

    assert assessment["occurrenceDateTime"] == "2024-06-01T12:00:00+00:00"
    assert assessment["prediction"][0]["whenPeriod"]["end"] == "2024-07-01T12:00:00+00:00"


def test_it_is_not_found_by_another_patient(engine: Engine) -> None:
    client = both(engine)
    client.post(DISCHARGE, json=discharge_call())

    assert found(client, "bob") == []
