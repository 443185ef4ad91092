"""What is refused: with the right status, an OperationOutcome, and never an empty card."""

from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from httpx2 import Response
from sqlalchemy import Engine, create_engine

from cds_hooks.service import Options
from tests.support.hooks import FixedPredictor, client_of, hook_parts
from tests.support.patients import discharge_call, patient, searchset, view_call

DISCHARGE = "/cds-services/readmission-risk-discharge"
VIEW = "/cds-services/readmission-risk"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


def places(response: Response) -> list[str]:
    """The expressions of a response that must be a valid OperationOutcome."""
    OperationOutcome.model_validate(response.json())
    return [place for issue in response.json()["issue"] for place in issue.get("expression", [])]


def test_a_patient_nothing_is_known_of_gives_412(engine: Engine) -> None:
    response = client_of(hook_parts(engine)).post(DISCHARGE, json=discharge_call(prefetch={}))

    assert response.status_code == 412
    assert places(response) == ["prefetch.patient", "prefetch.encounter"]


@pytest.mark.parametrize("value", [None, OUTCOME, searchset()], ids=["null", "outcome", "empty"])
def test_no_patient_in_any_form_gives_412(engine: Engine, value: Any) -> None:
    response = client_of(hook_parts(engine)).post(VIEW, json=view_call(prefetch={"patient": value}))

    assert response.status_code == 412
    assert places(response) == ["prefetch.patient"]
    assert "Patient/{{context.patientId}}" in response.text


def test_a_patient_that_is_no_valid_fhir_gives_412(engine: Engine) -> None:
    broken = patient(birthDate="a long time ago")

    response = client_of(hook_parts(engine)).post(
        VIEW, json=view_call(prefetch={"patient": broken})
    )

    assert response.status_code == 412


def test_data_of_another_patient_give_400(engine: Engine) -> None:
    prefetch = {"patient": patient("bob")}

    response = client_of(hook_parts(engine)).post(VIEW, json=view_call(prefetch=prefetch))

    assert response.status_code == 400
    assert places(response) == ["prefetch.patient.id"]


def test_a_call_with_wrong_fields_gives_400(engine: Engine) -> None:
    response = client_of(hook_parts(engine)).post(DISCHARGE, json={"hook": 7})

    assert response.status_code == 400
    assert set(places(response)) == {"hook", "hookInstance", "context"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b"[" * 5000, b"\xff"])
def test_a_body_that_is_no_json_gives_400(engine: Engine, body: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    response = client_of(hook_parts(engine)).post(DISCHARGE, content=body, headers=headers)

    assert response.status_code == 400
    assert places(response) == []


@pytest.mark.parametrize("path", ["/cds-services/sepsis", "/cds-services/sepsis/feedback"])
def test_an_unknown_service_gives_404(engine: Engine, path: str) -> None:
    response = client_of(hook_parts(engine)).post(path, json=discharge_call())

    assert response.status_code == 404
    assert places(response) == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", DISCHARGE, "POST"),
        ("DELETE", DISCHARGE, "POST"),
        ("GET", f"{DISCHARGE}/feedback", "POST"),
        ("POST", "/cds-services", "GET"),
    ],
)
def test_a_wrong_method_gives_405_with_the_right_one(
    engine: Engine, method: str, path: str, allowed: str
) -> None:
    response = client_of(hook_parts(engine)).request(method, path)

    assert response.status_code == 405
    assert response.headers["Allow"] == allowed
    assert places(response) == []


def test_a_body_over_the_limit_gives_413(engine: Engine) -> None:
    options = Options(source_url="https://homeward.example", maximum_body_bytes=100)

    response = client_of(hook_parts(engine, options=options)).post(DISCHARGE, json=discharge_call())

    assert response.status_code == 413
    assert places(response) == []


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
def test_a_body_of_another_type_gives_415(engine: Engine, media_type: str) -> None:
    headers = {"Content-Type": media_type}

    response = client_of(hook_parts(engine)).post(DISCHARGE, content=b"{}", headers=headers)

    assert response.status_code == 415
    assert places(response) == []


def test_a_site_without_a_model_gives_503(engine: Engine) -> None:
    parts = hook_parts(engine, champion=lambda: None)

    response = client_of(parts).post(DISCHARGE, json=discharge_call())

    assert response.status_code == 503
    assert "homeward models promote" in response.text


def test_a_database_that_is_away_gives_503() -> None:
    away = create_engine("postgresql+psycopg://nobody:nothing@127.0.0.1:1/none")

    response = client_of(hook_parts(away)).post(DISCHARGE, json=discharge_call())

    assert response.status_code == 503
    assert places(response) == []


def test_a_failure_of_our_own_gives_500_and_no_value(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FixedPredictor):
        def score(self, *_: object) -> Any:
            raise ValueError("ann-4711")

    response = client_of(hook_parts(engine, Broken())).post(DISCHARGE, json=discharge_call())

    assert response.status_code == 500
    assert "ValueError at" in caplog.text
    assert "ann-4711" not in response.text + caplog.text


def test_refused_calls_are_counted_by_status(engine: Engine) -> None:
    parts = hook_parts(engine)

    client_of(parts).post(VIEW, json=view_call(prefetch={}))

    labels = {"service": "readmission-risk", "status": "412"}
    assert parts.metrics.registry.get_sample_value("cds_request_seconds_count", labels) == 1.0
