"""Clients as they are described: what is registered, and what is refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine

from fhir_api.smart.errors import InvalidRegistration, UnknownClient
from fhir_api.smart.registration import client_of
from fhir_api.smart.sealing import Seal
from privacy.keys import derive_keys
from tests.support.fhir import NOW, ROOT, SITE
from tests.support.smart import EC, RSA, SECRET, Hospital, public

SEAL = Seal(derive_keys(ROOT, SITE))
APP = {
    "id": "app", "kind": "public", "scopes": ["patient/*.rs", "openid"],
    "redirect_uris": ["https://app.example/cb"],
}  # fmt: skip
SYSTEM = {"id": "etl", "kind": "system", "scopes": ["system/*.rs"], "jwks": public(EC)}
BOTH = {"kind": "confidential", "secret": SECRET, "jwks": public(EC)}
PRIVATE = {"keys": [EC.as_dict(private=True)]}


def test_an_app_is_registered_without_identities_unless_it_says_so() -> None:
    client = client_of(APP, SEAL)

    assert (client.authentication, client.identified, client.introspects) == ("none", False, False)
    assert client.grant_types == ("authorization_code", "refresh_token")
    assert client.name == "app"


def test_a_system_is_registered_with_its_keys() -> None:
    client = client_of(SYSTEM, SEAL)

    assert client.authentication == "private_key_jwt"
    assert client.grant_types == ("client_credentials",)


def test_a_secret_is_kept_as_a_keyed_hash() -> None:
    client = client_of({**APP, "kind": "confidential", "secret": SECRET}, SEAL)

    assert client.authentication == "client_secret_basic"
    assert client.secret is not None
    assert SECRET.encode() not in client.secret


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": 7}, "id"),
        ({"kind": "magic"}, "kind"),
        ({"surprise": 1}, "surprise"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "patient/Nothing.rs"}, "scopes"),
        ({"scopes": "system/*.rs"}, "scopes"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": "https://app.example"}, "redirect_uris"),
        ({"redirect_uris": ["http://app.example/cb"]}, "redirect_uris"),
        ({"redirect_uris": ["https://app.example/cb#x"]}, "redirect_uris"),
        ({"redirect_uris": ["https://user@app.example/cb"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": ["https://[x/cb"]}, "redirect_uris"),
        ({"redirect_uris": ["/cb"]}, "redirect_uris"),
        ({"secret": SECRET}, "kind"),
        ({"kind": "confidential"}, "jwks, jwks_url or secret"),
        (BOTH, "jwks, jwks_url or secret"),
        ({"kind": "confidential", "secret": "short"}, "secret"),
        ({"kind": "confidential", "jwks_url": "http://app.example/jwks"}, "jwks_url"),
        ({"kind": "confidential", "jwks_url": "file:///etc/passwd"}, "jwks_url"),
        ({"kind": "confidential", "jwks": PRIVATE}, "jwks"),
        ({"kind": "confidential", "jwks": {"keys": []}}, "jwks"),
        ({"kind": "confidential", "jwks": {"keys": [{"kty": "EC", "kid": "x"}]}}, "jwks"),
        ({"kind": "confidential", "jwks": public(EC, EC)}, "jwks"),
        ({"grant_types": ["client_credentials"]}, "grant_types"),
        ({"identified": "yes"}, "identified"),
        ({"name": "two\nlines"}, "name"),
    ],
)  # fmt: skip
def test_a_wrong_member_is_refused_by_name(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRegistration) as refused:
        client_of({**APP, **changed}, SEAL)

    assert refused.value.expression == place
    assert "Nothing was registered." in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"scopes": "user/*.rs"}, "scopes"),
        ({"jwks": None, "secret": SECRET}, "jwks or jwks_url"),
        ({"grant_types": ["authorization_code"]}, "grant_types"),
    ],
)
def test_a_system_is_no_app(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRegistration) as refused:
        client_of({**SYSTEM, **changed}, SEAL)

    assert refused.value.expression == place


def test_a_native_app_may_have_a_scheme_of_its_own() -> None:
    client = client_of({**APP, "redirect_uris": ["org.example.app:/cb"]}, SEAL)

    assert client.check_redirect_uri("org.example.app:/cb")
    assert client.origins == frozenset()


def test_a_short_rsa_key_is_refused() -> None:
    short = {**RSA.as_dict(private=False), "n": "AQAB" * 40, "kid": "short"}

    with pytest.raises(InvalidRegistration, match="2048"):
        client_of({**SYSTEM, "jwks": {"keys": [short]}}, SEAL)
    assert isinstance(RSA, RSAKey)


TOML = """
[[clients]]
id = "app"
kind = "public"
scopes = ["patient/*.rs"]
redirect_uris = ["https://app.example/cb"]
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clients.toml", TOML),
        ("clients.json", json.dumps([APP])),
        ("clients.json", json.dumps({"clients": [APP]})),
    ],
)
def test_clients_are_read_from_a_file(engine: Engine, tmp_path: Path, name: str, text: str) -> None:
    clients = Hospital(engine).parts.clients
    (tmp_path / name).write_text(text)

    assert [each.client_id for each in clients.load(tmp_path / name, NOW)] == ["app"]
    assert [each.client_id for each in clients.every()] == ["app"]


def test_a_file_with_one_wrong_client_registers_none(engine: Engine, tmp_path: Path) -> None:
    clients = Hospital(engine).parts.clients
    path = tmp_path / "clients.json"
    path.write_text(json.dumps([APP, {**APP, "id": "b", "scopes": []}]))

    with pytest.raises(InvalidRegistration, match=r"clients\[1\]\.scopes"):
        clients.load(path, NOW)

    assert clients.every() == []


@pytest.mark.parametrize("text", ["", "{", "7", '{"clients": 7}', "[7]"])
def test_a_file_of_something_else_is_refused(engine: Engine, tmp_path: Path, text: str) -> None:
    path = tmp_path / "clients.json"
    path.write_text(text)

    with pytest.raises(InvalidRegistration):
        Hospital(engine).parts.clients.load(path, NOW)


def test_registering_again_replaces_and_keeps_tokens(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    token = hospital.app_token("user/*.rs").json()["access_token"]

    hospital.register(name="New name")

    assert [each.name for each in hospital.parts.clients.every()] == ["New name"]
    assert hospital.get("Patient", token).status_code == 200


def test_a_client_that_is_not_there_cannot_be_removed(engine: Engine) -> None:
    with pytest.raises(UnknownClient):
        Hospital(engine).parts.clients.remove("nobody")


def test_no_site_sees_the_clients_of_another(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    other = Hospital(engine, keys=derive_keys(ROOT, "elsewhere"))

    assert other.parts.clients.find("app") is None
    token = hospital.app_token("user/*.rs").json()["access_token"]
    assert other.parts.tokens.find(token) is None
