"""What apps find: SMART's and OpenID Connect's documents, keys, identity tokens, and CORS.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import Engine

from fhir_api.smart.cors import RegisteredCors, RegisteredOrigins
from fhir_api.smart.discovery import CAPABILITIES
from fhir_api.smart.identity import SigningKeyLost
from privacy.keys import derive_keys
from tests.support.fhir import SITE
from tests.support.smart import FHIR, SERVER, Hospital

WELL_KNOWN = "/.well-known/smart-configuration"


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    return made


@pytest.mark.parametrize("path", [f"/fhir{WELL_KNOWN}", WELL_KNOWN])
@pytest.mark.parametrize("accept", ["*/*", "application/fhir+json", "text/html"])
def test_the_configuration_is_json_whatever_is_accepted(
    hospital: Hospital, path: str, accept: str
) -> None:
    answer = hospital.http.get(path, headers={"accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_configuration_says_what_is_required_with_absolute_addresses(
    hospital: Hospital,
) -> None:
    said = hospital.http.get(f"/fhir{WELL_KNOWN}").json()

    assert said["issuer"] == FHIR
    for name, value in said.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{SERVER}/auth/")
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
    ]
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    assert said["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert said["capabilities"] == CAPABILITIES
    assert {"openid", "launch", "patient/*.cruds"} <= set(said["scopes_supported"])


def test_every_endpoint_that_is_announced_is_there(hospital: Hospital) -> None:
    said = hospital.http.get(WELL_KNOWN).json()

    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        assert hospital.http.post(said[name]).status_code in {400, 401}
    assert hospital.http.get(said["authorization_endpoint"]).status_code == 400
    assert hospital.http.get(said["jwks_uri"]).status_code == 200


@pytest.mark.parametrize("path", ["", "/fhir"])
def test_the_openid_document_stands_where_the_issuer_says(hospital: Hospital, path: str) -> None:
    said = hospital.http.get(f"{path}/.well-known/openid-configuration").json()

    assert said["issuer"] == FHIR
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["subject_types_supported"] == ["public"]


def test_without_a_public_address_each_request_tells_it(engine: Engine) -> None:
    hospital = Hospital(engine, public_url=None)
    there = TestClient(hospital.app, base_url="http://127.0.0.1:8080")

    assert there.get(WELL_KNOWN).json()["token_endpoint"] == "http://127.0.0.1:8080/auth/token"


def identity(hospital: Hospital, scope: str = "openid fhirUser", **asked: str) -> Any:
    answer = hospital.redeem(hospital.code(scope=scope, **asked))
    return answer.json()["id_token"]


def test_an_identity_token_is_verified_with_the_published_keys(hospital: Hospital) -> None:
    token = identity(hospital, nonce="n-1")
    keys = KeySet.import_key_set(hospital.http.get("/auth/jwks").json())

    read = jwt.decode(token, keys, algorithms=["RS256"])

    moment = int(hospital.clock().timestamp())
    assert len(read.claims.pop("sub")) == 64
    assert read.claims == {
        "iss": FHIR,
        "aud": "app",
        "iat": moment,
        "exp": moment + 300,
        "auth_time": moment,
        "nonce": "n-1",
        "fhirUser": f"{FHIR}/Practitioner/7",
    }


def test_the_published_keys_are_bare_and_public(hospital: Hospital) -> None:
    (key,) = hospital.http.get("/auth/jwks").json()["keys"]

    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_the_signing_key_is_made_once_for_all_processes(engine: Engine) -> None:
    one, other = Hospital(engine), Hospital(engine)

    assert one.http.get("/auth/jwks").json() == other.http.get("/auth/jwks").json()


def test_a_signing_key_sealed_under_another_site_key_is_told(engine: Engine) -> None:
    Hospital(engine).http.get("/auth/jwks")
    other = Hospital(engine, keys=derive_keys(bytes(range(50, 90)), SITE))

    with pytest.raises(SigningKeyLost, match="Restore that key"):
        other.http.get("/auth/jwks")


@pytest.mark.parametrize("scope", ["user/*.rs", "fhirUser user/*.rs", "openid user/*.rs"])
def test_who_does_not_ask_for_an_identity_gets_none(hospital: Hospital, scope: str) -> None:
    assert "id_token" not in hospital.app_token(scope).json()


def test_an_app_without_identities_learns_a_pseudonym_of_its_user(hospital: Hospital) -> None:
    hospital.register(identified=False)
    keys = KeySet.import_key_set(hospital.http.get("/auth/jwks").json())

    claims = jwt.decode(identity(hospital), keys, algorithms=["RS256"]).claims

    assert claims["fhirUser"].startswith(f"{FHIR}/Practitioner/p1")


def test_an_identity_token_opens_nothing(hospital: Hospital) -> None:
    assert hospital.get("Patient", identity(hospital)).status_code == 401


@pytest.fixture
def browser(hospital: Hospital) -> TestClient:
    hospital.app.add_middleware(
        RegisteredCors,
        registered=RegisteredOrigins(hospital.parts),
        allow_origins=["https://listed.example"],
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )
    return TestClient(hospital.app, base_url=SERVER)


def preflight(browser: TestClient, path: str, origin: str) -> Any:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    return browser.options(path, headers={"origin": origin, **asked})


@pytest.mark.parametrize("path", ["/auth/token", "/fhir/Patient"])
def test_pages_of_registered_apps_and_listed_origins_are_let_in(
    browser: TestClient, path: str
) -> None:
    for origin in ("https://app.example", "https://listed.example"):
        answer = preflight(browser, path, origin)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers


def test_pages_of_other_origins_are_not(browser: TestClient) -> None:
    answer = preflight(browser, "/auth/token", "https://evil.example")

    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


def test_a_refusal_can_be_read_by_the_app_too(browser: TestClient) -> None:
    answer = browser.post("/auth/token", headers={"origin": "https://app.example"})

    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize("path", [WELL_KNOWN, f"/fhir{WELL_KNOWN}", "/fhir/metadata", "/auth/jwks"])
def test_what_is_nobodys_can_be_read_from_anywhere(browser: TestClient, path: str) -> None:
    asking = {"origin": "https://any.example", "access-control-request-method": "GET"}

    assert browser.options(path, headers=asking).status_code == 200
    answer = browser.get(path, headers={"origin": "https://any.example"})
    assert answer.status_code == 200
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
