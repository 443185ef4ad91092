"""Backend services: a system proves who it is with a signed assertion and gets a short token.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

import pytest
from sqlalchemy import Engine

from fhir_api.smart.assertion import TYPE
from tests.support.smart import EC, RSA, SECRET, Hospital, assertion


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register_system()
    return made


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
def test_a_system_gets_a_token_for_what_it_signed(hospital: Hospital, key: object) -> None:
    answer = hospital.token(
        grant_type="client_credentials", scope="system/Patient.rs", client_assertion_type=TYPE,
        client_assertion=assertion(hospital.clock(), key),
    )  # fmt: skip

    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 300, "scope": "system/Patient.rs"}


def test_the_answer_is_kept_by_nobody(hospital: Hospital) -> None:
    headers = hospital.system_token().headers

    assert headers["cache-control"] == "no-store"
    assert headers["pragma"] == "no-cache"
    assert headers["content-type"] == "application/json"


def test_the_token_opens_the_fhir_api_for_five_minutes(hospital: Hospital) -> None:
    token = hospital.system_token().json()["access_token"]

    assert hospital.get("Patient", token).status_code == 200
    hospital.clock.pass_by(seconds=301)
    assert hospital.get("Patient", token).status_code == 401


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("system/*.read", "system/*.read"),
        ("system/*.rs", "system/*.rs"),
        ("system/*.cruds", "system/*.rs"),
        ("system/*.*", "system/*.read"),
        ("system/Observation.rs?category=laboratory", "system/Observation.rs?category=laboratory"),
        ("system/Patient.rs system/Patient.cud", "system/Patient.rs"),
    ],
)
def test_what_is_granted_is_what_was_asked_and_allowed(
    hospital: Hospital, asked: str, granted: str
) -> None:
    assert hospital.system_token(asked).json()["scope"] == granted


@pytest.mark.parametrize(
    "scope",
    ["", "nonsense", "system/Nothing.rs", "system/Patient.sr", "system/*.cud", "user/*.rs",
     "patient/*.rs", "openid", "offline_access", "system/Patient.write", "system/*.rs nonsense"],
)  # fmt: skip
def test_an_empty_unknown_or_foreign_scope_is_refused(hospital: Hospital, scope: str) -> None:
    answer = hospital.system_token(scope)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_missing_scope_is_refused(hospital: Hospital) -> None:
    answer = hospital.token(
        grant_type="client_credentials", client_assertion_type=TYPE,
        client_assertion=assertion(hospital.clock()),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("grant_type", ["", "password", "implicit", "client_credential"])
def test_another_grant_type_is_refused(hospital: Hospital, grant_type: str) -> None:
    answer = hospital.token(
        grant_type=grant_type, scope="system/*.rs", client_assertion_type=TYPE,
        client_assertion=assertion(hospital.clock()),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("kind", ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_another_type_of_assertion_is_refused(hospital: Hospital, kind: str) -> None:
    answer = hospital.token(
        grant_type="client_credentials", scope="system/*.rs", client_assertion_type=kind,
        client_assertion=assertion(hospital.clock()),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_system_may_not_come_with_two_proofs_at_once(hospital: Hospital) -> None:
    answer = hospital.token(
        ("etl", SECRET), grant_type="client_credentials", scope="system/*.rs",
        client_assertion_type=TYPE, client_assertion=assertion(hospital.clock()),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_app_gets_no_token_of_a_system(hospital: Hospital) -> None:
    hospital.register(id="app2", kind="confidential", jwks={"keys": [EC.as_dict(private=False)]})

    answer = hospital.token(
        grant_type="client_credentials", scope="system/*.rs", client_assertion_type=TYPE,
        client_assertion=assertion(hospital.clock(), iss="app2", sub="app2"),
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_parameters_are_read_from_a_form_in_the_body_alone(hospital: Hospital) -> None:
    form = {
        "grant_type": "client_credentials", "scope": "system/*.rs", "client_assertion_type": TYPE,
        "client_assertion": assertion(hospital.clock()),
    }  # fmt: skip

    in_address = hospital.http.post("/auth/token", params=form)
    as_json = hospital.http.post("/auth/token", json=form)
    by_get = hospital.http.get("/auth/token", params=form)

    assert [in_address.status_code, as_json.status_code] == [400, 400]
    assert by_get.status_code == 405


def test_a_parameter_that_comes_twice_is_refused(hospital: Hospital) -> None:
    body = "grant_type=client_credentials&grant_type=client_credentials&scope=system/*.rs"
    kind = {"content-type": "application/x-www-form-urlencoded"}

    answer = hospital.http.post("/auth/token", content=body, headers=kind)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_form_that_is_too_large_is_refused(hospital: Hospital) -> None:
    answer = hospital.token(grant_type="client_credentials", scope="x" * 70_000)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_system_that_was_removed_has_no_access_left(hospital: Hospital) -> None:
    token = hospital.system_token().json()["access_token"]

    hospital.parts.clients.remove("etl")

    assert hospital.get("Patient", token).status_code == 401
    assert hospital.system_token().status_code == 401


def test_a_system_may_be_registered_to_submit_and_nothing_else(hospital: Hospital) -> None:
    hospital.register_system(scopes="system/bulk-submit")

    answer = hospital.system_token("system/bulk-submit system/*.rs").json()

    assert answer["scope"] == "system/bulk-submit"
    assert hospital.get("Patient", answer["access_token"]).status_code == 403


def test_the_log_says_whose_assertion_was_refused(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    hospital.system_token(aud="https://elsewhere.example/token")
    hospital.system_token(iss="stranger", sub="stranger")

    assert caplog.messages == [
        "an assertion of client etl was refused: aud",
        "an assertion of an unknown client was refused: client",
    ]


def test_a_client_that_asks_too_often_is_told_when_to_ask_again(engine: Engine) -> None:
    hospital = Hospital(engine, requests_a_minute=3)
    hospital.register_system()
    assert [hospital.system_token().status_code for _ in range(3)] == [200, 200, 200]

    answer = hospital.system_token()

    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["cache-control"] == "no-store"
    hospital.clock.pass_by(seconds=int(answer.headers["retry-after"]))
    assert hospital.system_token().status_code == 200


def test_one_client_does_not_use_up_the_share_of_another(engine: Engine) -> None:
    hospital = Hospital(engine, requests_a_minute=1)
    hospital.register_system()
    hospital.register_system(id="lab")
    hospital.system_token()

    assert hospital.system_token().status_code == 429
    assert hospital.system_token(iss="lab", sub="lab").status_code == 200
    guesses = [hospital.token(("etl", secret), grant_type="x").status_code for secret in "ab"]
    assert guesses == [429, 429]
