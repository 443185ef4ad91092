"""Apps with a secret: how it is checked, and that nothing secret stands in the database.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-symmetric.html
"""

import base64
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.store.base import Base
from tests.support.fhir import patient
from tests.support.smart import SECRET, VERIFIER, Hospital


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    made.store(patient(id="ann"))
    return made


def test_a_confidential_app_proves_who_it_is(hospital: Hospital) -> None:
    hospital.register(kind="confidential", secret=SECRET)
    code = hospital.code()

    assert hospital.redeem(code).status_code == 401
    assert hospital.redeem(code, ("app", "another secret of 32 characters or")).status_code == 401
    assert hospital.redeem(code, ("app", SECRET)).status_code == 200


def basic(text: bytes) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text).decode()}


@pytest.mark.parametrize(
    "header",
    [basic(b"app"), basic(b"app:"), basic(b":"), basic(b"\xff\xfe:x"), basic(b"app\x00:x"),
     {"authorization": "Basic %%%"}, {"authorization": "Bearer x"}, {"authorization": "Basic"}],
)  # fmt: skip
def test_a_malformed_secret_is_refused_like_a_wrong_one(
    hospital: Hospital, header: dict[str, str]
) -> None:
    hospital.register(kind="confidential", secret=SECRET)

    answer = hospital.http.post(
        "/auth/token", data={"grant_type": "authorization_code"}, headers=header
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "The client could not be authenticated.",
    }


def test_a_secret_in_the_form_is_not_read(hospital: Hospital) -> None:
    hospital.register(kind="confidential", secret=SECRET)

    answer = hospital.redeem(hospital.code(), client_secret=SECRET)

    assert answer.status_code == 401


def test_no_code_token_or_patient_stands_in_the_database(hospital: Hospital) -> None:
    hospital.register(kind="confidential", secret=SECRET)
    code = hospital.code(scope="patient/*.rs offline_access", typed="ann")
    body = hospital.redeem(code, ("app", SECRET)).json()

    kept = everything(hospital)

    for secret in (code, body["access_token"], body["refresh_token"], SECRET, VERIFIER):
        assert secret not in kept
    assert '"ann"' not in kept
    assert "Practitioner/7" not in kept


def everything(hospital: Hospital) -> str:
    """Every row of every table of the authorization server, as text."""
    tables = [name for name in Base.metadata.tables if name.startswith("smart_")]
    with hospital.engine.connect() as connection:
        rows: list[Any] = [
            row for name in tables for row in connection.execute(text(f"SELECT * FROM {name}"))
        ]
    return "\n".join(repr(tuple(row)) for row in rows)
