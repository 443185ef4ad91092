"""Who makes a FHIR request: with a token of ours, of a trusted issuer, or with none."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import Engine, event

from fhir_api.smart.parts import TrustedIssuer
from tests.support.fhir import NOW, patient
from tests.support.smart import EC, FHIR, RSA, TOKEN_URL, Hospital, assertion, public

ISSUER = "https://login.hospital.example/realms/ehr"
KEYS = f"{ISSUER}/certs"
MOMENT = int(NOW.timestamp())
TRUSTED = TrustedIssuer(ISSUER, KEYS, audience=FHIR, identified=True)


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register_system()
    return made


def test_in_mode_smart_nobody_comes_in_without_a_token(hospital: Hospital) -> None:
    answer = hospital.get("Patient", None)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["issue"][0]["code"] == "login"


def test_in_mode_open_anyone_comes_in_and_a_token_is_held_to_its_scopes(engine: Engine) -> None:
    hospital = Hospital(engine, mode="open")
    hospital.register_system()
    token = hospital.system_token("system/Patient.rs").json()["access_token"]

    assert hospital.get("Observation", None).status_code == 200
    assert hospital.get("Patient", token).status_code == 200
    assert hospital.get("Observation", token).status_code == 403
    assert hospital.get("Patient", "forged").status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic x", "Bearer a b", "Bearer \x7f", "Bearer " + "x" * 20_000,
     "Bearer ../../etc", "Bearer ' or 1=1 --", "Token x"],
)  # fmt: skip
def test_whatever_is_no_token_is_refused(hospital: Hospital, header: str) -> None:
    answer = hospital.http.get("/fhir/Patient", headers={"authorization": header})

    assert answer.status_code in {401, 431}


def test_two_authorization_headers_are_refused(hospital: Hospital) -> None:
    token = hospital.system_token().json()["access_token"]
    headers = [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")]

    assert hospital.http.get("/fhir/Patient", headers=headers).status_code == 401


def test_the_word_bearer_may_be_written_in_any_case(hospital: Hospital) -> None:
    token = hospital.system_token().json()["access_token"]

    answer = hospital.http.get("/fhir/Patient", headers={"authorization": f"bearer {token}"})

    assert answer.status_code == 200


def test_a_token_in_the_address_is_refused_and_never_used(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    token = hospital.system_token().json()["access_token"]

    answer = hospital.get(f"Patient?access_token={token}", token)

    assert answer.status_code == 400
    assert token not in answer.text
    assert token not in "".join(
        each.getMessage() for each in caplog.records if "homeward" in each.name
    )


def test_a_caller_is_looked_up_once_in_two_seconds(hospital: Hospital) -> None:
    token = hospital.system_token().json()["access_token"]
    asked: list[str] = []
    event.listen(
        hospital.engine, "before_cursor_execute",
        lambda *given: asked.append(given[2]) if "smart_token" in given[2] else None,
    )  # fmt: skip

    for _ in range(5):
        hospital.get("Patient", token)
    assert len(asked) == 1
    hospital.clock.pass_by(seconds=2)
    hospital.get("Patient", token)
    assert len(asked) == 2


@pytest.fixture
def trusting(engine: Engine) -> Hospital:
    made = Hospital(engine, issuers=(TRUSTED,))
    made.web.put(KEYS, public(EC, RSA))
    made.store(patient(id="ann"))
    return made


def issued(key: ECKey | RSAKey = RSA, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An access token of the hospital's own authorization server."""
    usual = {
        "iss": ISSUER, "aud": FHIR, "exp": MOMENT + 3600, "iat": MOMENT, "sub": "u-1",
        "client_id": "dashboard", "scope": "user/*.rs", "fhirUser": f"{FHIR}/Practitioner/7",
    }  # fmt: skip
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    algorithm = "ES384" if key.key_type == "EC" else "RS256"
    given = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt", **(header or {})}
    return jwt.encode(given, said, key, algorithms=[given["alg"]])


@pytest.mark.parametrize(
    "token",
    [issued(), issued(EC), issued(header={"typ": "JWT"}), issued(scope=["user/*.rs"]),
     issued(aud=["other", FHIR]), issued(scope="patient/*.rs", patient="ann", fhirUser=None)],
    ids=["RS256", "ES384", "typ JWT", "scope as a list", "aud as a list", "patient"],
)  # fmt: skip
def test_a_token_of_a_trusted_issuer_opens_what_its_scopes_say(
    trusting: Hospital, token: str
) -> None:
    assert trusting.get("Patient/ann", token).status_code == 200
    assert trusting.http.put("/fhir/Patient/ann", json=patient(id="ann"), headers={
        "authorization": f"Bearer {token}", "content-type": "application/fhir+json",
    }).status_code == 403  # fmt: skip


def test_the_claims_of_an_issuer_may_have_other_names(engine: Engine) -> None:
    issuer = TrustedIssuer(ISSUER, KEYS, FHIR, scope_claim="scp", patient_claim="launch_patient")
    hospital = Hospital(engine, issuers=(issuer,))
    hospital.web.put(KEYS, public(RSA))
    hospital.store(patient(id="ann"))

    token = issued(scope=None, scp=["patient/*.rs"], launch_patient="ann", fhirUser=None)

    assert hospital.get("Patient", token).status_code == 200
    assert hospital.get("Patient", issued()).status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        issued(iss="https://evil.example"),
        issued(aud="https://other.example/fhir"),
        issued(aud=f"{FHIR}/"),
        issued(aud="https://ehr.example/cds-services/readmission"),
        issued(exp=MOMENT - 61),
        issued(exp=None),
        issued(exp=MOMENT + 90_000),
        issued(iat=MOMENT + 3600),
        issued(nbf=MOMENT + 3600),
        issued(scope=None),
        issued(scope=""),
        issued(patient="../ann"),
        issued(patient=7),
        issued(header={"typ": "logout+jwt"}),
        issued(header={"alg": "RS512"}),
        issued(ECKey.generate_key("P-384", parameters={"kid": "ec"})),
        assertion(NOW),
        assertion(NOW, iss=ISSUER, sub=ISSUER, aud=TOKEN_URL),
    ],
    ids=range(18),
)
def test_a_token_that_breaks_a_rule_is_refused(trusting: Hospital, token: str) -> None:
    answer = trusting.get("Patient", token)

    assert answer.status_code == 401
    assert answer.json()["issue"][0]["diagnostics"] == (
        "Send a valid access token in Authorization: Bearer."
    )


def test_a_cds_hooks_jwt_of_a_trusted_issuer_is_no_access_token(trusting: Hospital) -> None:
    hook = issued(
        header={"typ": "JWT"}, aud="https://ehr.example/cds-services/readmission", jti="1",
        scope=None, client_id=None, fhirUser=None,
    )  # fmt: skip

    assert trusting.get("Patient", hook).status_code == 401


def test_a_jwt_is_no_token_where_no_issuer_is_trusted(hospital: Hospital) -> None:
    assert hospital.get("Patient", issued()).status_code == 401
    assert hospital.web.asked == []
