"""An authorization server over a real database, clients with keys, and a browser."""

import hashlib
import html
import json
import re
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import Engine

from fhir_api.outbound.client import Answer
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.router import build_router
from fhir_api.routes.smart_router import build_auth_router
from fhir_api.smart.assertion import TYPE
from fhir_api.smart.authenticate import authenticator
from fhir_api.smart.client import Client
from fhir_api.smart.context import Context
from fhir_api.smart.parts import SignOn, SmartParts
from fhir_api.smart.registration import client_of
from fhir_api.smart.tokens import Authorization
from privacy.policy import load_policy
from tests.support.fhir import FHIR_JSON, NOW, SITE, bundle, client, ingestor, put

SERVER = "https://ehr.example"
FHIR = f"{SERVER}/fhir"
TOKEN_URL = f"{SERVER}/auth/token"
CALLBACK = "https://app.example/callback"
VERIFIER = "a-verifier-of-more-than-43-characters-0123456789"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SECRET = "a-secret-of-more-than-32-characters"
PASSWORD = "correct horse battery"
EC = ECKey.generate_key("P-384", parameters={"kid": "ec"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
APP_SCOPES = (
    "openid fhirUser launch launch/patient offline_access online_access patient/*.cruds user/*.rs"
)


def public(*keys: ECKey | RSAKey) -> dict[str, Any]:
    """A JWK Set of public keys."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


class Clock:
    """A clock that a test can move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.at += timedelta(**time)


class Web:
    """Servers of others: a body and headers under each address; counts what is asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []

    def put(self, address: str, body: Any, status: int = 200, **headers: str) -> None:
        """Answer an address with JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[address] = Answer(status, named, json.dumps(body).encode())

    def __call__(self, address: str) -> Answer:
        self.asked.append(address)
        return self.pages.get(address, Answer(404, {}, b""))


class Hospital:
    """One site with its FHIR API and its authorization server.

    Args:
        engine: Of an empty, migrated database.
        changes: Of the parts of the authorization server.
    """

    def __init__(self, engine: Engine, **changes: Any) -> None:
        self.engine = engine
        self.clock = Clock()
        self.web = Web()
        self.ingestor = ingestor(engine)
        given = SmartParts(
            engine, self.ingestor.keys, self.clock, vault=self.ingestor.store.vault,
            public_url=SERVER, mode="smart", fetch=self.web,
            sign_on=SignOn("x-remote-user", ("testclient",)),
        )  # fmt: skip
        self.parts = replace(given, **changes)
        self.app = self.build()
        self.http = TestClient(self.app, base_url=SERVER, follow_redirects=False)

    @property
    def endpoints(self) -> dict[str, str]:
        """Addresses of the authorization server, for the CapabilityStatement."""
        server = self.parts.public_url
        return {"authorize": f"{server}/auth/authorize", "token": f"{server}/auth/token"}

    def build(self) -> FastAPI:
        """The application."""
        finder = authenticator(self.parts)
        made = self.ingestor
        fhir = FhirApi(
            made, made.store, made.keys, load_policy(), made.validator, SITE, self.clock,
            vault=made.store.vault, authenticate=finder, public_url=self.parts.public_url,
            oauth_uris=self.endpoints,
        )  # fmt: skip
        app = FastAPI()
        app.include_router(build_auth_router(self.parts, finder))
        app.include_router(build_router(fhir), prefix="/fhir")
        return app

    def store(self, *resources: dict[str, Any]) -> None:
        """Store resources under their own ids."""
        sent = client(self.engine).post(
            "/fhir", json=bundle("transaction", *map(put, resources)), headers=FHIR_JSON
        )
        assert sent.status_code == 200, sent.text

    def register(self, **described: Any) -> Client:
        """A client; a public app unless told otherwise."""
        usual = {"id": "app", "kind": "public", "scopes": APP_SCOPES}
        usual |= {"redirect_uris": [CALLBACK], "identified": True} | described
        client = client_of(usual, self.parts.seal)
        self.parts.clients.put([client], self.clock())
        return client

    def register_system(self, **described: Any) -> Client:
        """A backend service with two keys."""
        usual = {"id": "etl", "kind": "system", "scopes": "system/*.rs", "jwks": public(EC, RSA)}
        return self.register(**{**usual, "redirect_uris": [], **described})

    def token(self, auth: tuple[str, str] | None = None, **form: str) -> Any:
        """The answer of the token endpoint."""
        return self.http.post("/auth/token", data=form, auth=auth)

    def system_token(self, scope: str = "system/*.rs", **claims: Any) -> Any:
        """The token answer for a system."""
        return self.token(
            grant_type="client_credentials", scope=scope, client_assertion_type=TYPE,
            client_assertion=assertion(self.clock(), **claims),
        )  # fmt: skip

    def authorize(self, user: str | None = "Practitioner/7", **asked: str) -> Any:
        """The first answer of the authorization endpoint."""
        headers = {"x-remote-user": user} if user else {}
        return self.http.get("/auth/authorize", params=request(**asked), headers=headers)

    def agree(self, shown: Any, user: str | None = "Practitioner/7", **changed: Any) -> Any:
        """Send the consent page's form as it is, with what the user changed."""
        headers = {"x-remote-user": user} if user else {}
        return self.http.post(
            "/auth/consent", data={**fields(shown.text), "decision": "allow", **changed},
            headers=headers,
        )  # fmt: skip

    def code(self, user: str = "Practitioner/7", typed: str = "", **asked: str) -> str:
        """A code, after the user has agreed to everything."""
        agreed = self.agree(self.authorize(user, **asked), user, typed=typed)
        return answered(agreed)["code"]

    def redeem(self, code: str, auth: tuple[str, str] | None = None, **changed: str) -> Any:
        """The token answer for a code."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
            "client_id": "app", "code_verifier": VERIFIER,
        }  # fmt: skip
        return self.token(auth, **{**form, **changed})

    def issue(self, scope: str, client_id: str = "app", **context: Any) -> str:
        """A token of any scope and context, as if someone had agreed to it."""
        about = Context(**{"user": "Practitioner/7", **context})
        given = Authorization(client_id, scope, about, uuid.uuid4().hex)
        lifetime = timedelta(hours=1)
        return self.parts.tokens.issue("access_token", given, self.clock(), lifetime)

    def app_token(self, scope: str, typed: str = "", user: str = "Practitioner/7") -> Any:
        """The token answer for an app that was opened by itself."""
        return self.redeem(self.code(user, typed, scope=scope))

    def get(self, path: str, token: str | None, **headers: str) -> Any:
        """A FHIR request with a token."""
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        return self.http.get(f"/fhir/{path}", headers=bearer | headers)


def request(**changed: str) -> dict[str, str]:
    """Parameters of an authorization request; empty ones are left out."""
    usual = {
        "response_type": "code", "client_id": "app", "redirect_uri": CALLBACK, "state": "st-1",
        "scope": "user/*.rs", "aud": FHIR, "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }  # fmt: skip
    return {name: value for name, value in {**usual, **changed}.items() if value}


def fields(page: str) -> dict[str, Any]:
    """What a browser would send of the first form of a page, every box ticked."""
    form = page.partition("</form>")[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if named["type"] == "hidden":
            found[named["name"]] = html.unescape(named["value"])
        elif named["type"] == "checkbox":
            found.setdefault(named["name"], []).append(html.unescape(named["value"]))
    return found


def answered(response: Any) -> dict[str, str]:
    """What was sent to the app at its address."""
    assert response.status_code == 302, response.text
    assert response.headers["location"].startswith(CALLBACK)
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def claims_of(now: datetime, **changed: Any) -> dict[str, Any]:
    """Claims of a good assertion; None leaves one out."""
    moment = int(now.timestamp())
    usual = {"iss": "etl", "sub": "etl", "aud": TOKEN_URL, "exp": moment + 240}
    usual |= {"jti": uuid.uuid4().hex, **changed}
    return {name: value for name, value in usual.items() if value is not None}


def assertion(
    now: datetime,
    key: ECKey | RSAKey = EC,
    header: Mapping[str, Any] | None = None,
    **claims: Any,
) -> str:
    """A signed assertion."""
    algorithm = "ES384" if key.key_type == "EC" else "RS384"
    given = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
    said = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(said, claims_of(now, **claims), key, algorithms=[said["alg"]])
