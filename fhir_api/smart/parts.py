"""What the authorization server is given by the front door, and the books it keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from fastapi import Request
from sqlalchemy import Engine

from fhir_api.errors import FhirError
from fhir_api.outbound.client import Answer
from fhir_api.smart.assertion import Assertions
from fhir_api.smart.clients import Clients
from fhir_api.smart.codes import Codes
from fhir_api.smart.key_sets import Fetch, KeySets
from fhir_api.smart.launches import Launches
from fhir_api.smart.memory import Memory
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tokens import Tokens
from fhir_api.smart.users import Users
from fhir_api.store.vault import Vault
from privacy.keys import SiteKeys

Mode = Literal["open", "smart"]
PREFIX = "/fhir"
LOOPBACK = ("127.0.0.1", "::1")


class NothingIsFetched(FhirError):
    """No way out was given, so keys at an address cannot be had."""


def fetch_nothing(_address: str) -> Answer:
    """The way out of a server that was given none."""
    raise NothingIsFetched("No way out was given; register keys inline.")


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Another authorization server whose access tokens (JWT) are accepted.

    Attributes:
        issuer: Its `iss`, exactly.
        jwks_url: Where its keys are.
        audience: Our `aud` there, exactly.
        scope_claim: Claim that holds the scopes, as text or as a list.
        patient_claim: Claim that holds the patient in context.
        user_claim: Claim that holds the `fhirUser`.
        client_claim: Claim that holds the client.
        identified: Whether its clients see real ids and true dates.
        algorithms: JWA names it may sign with.
    """

    issuer: str
    jwks_url: str
    audience: str
    scope_claim: str = "scope"
    patient_claim: str = "patient"
    user_claim: str = "fhirUser"
    client_claim: str = "client_id"
    identified: bool = False
    algorithms: tuple[str, ...] = ("RS256", "RS384", "ES256", "ES384")


@dataclass(frozen=True, slots=True)
class SignOn:
    """How users sign in.

    Attributes:
        header: Request header in which the hospital's reverse proxy names the user; None refuses
            any.
        proxies: Addresses that may send it. The proxy has to take the header off what comes in.
    """

    header: str | None = None
    proxies: tuple[str, ...] = LOOPBACK


@dataclass(frozen=True)
class SmartParts:
    """The parts of the authorization server of one site.

    Attributes:
        engine: Of the database.
        keys: Of the site.
        now: The clock.
        vault: Real names of pseudonyms, for the list of patients; None where the site keeps none.
        public_url: Address of the server as clients reach it, without `/fhir`; None to take it
            from each request, which is for a server on its own machine alone.
        mode: `smart` asks every caller for a token; `open` lets in who brings none.
        fetch: Asks addresses of keys; bounded in size and time, never redirected.
        issuers: Other authorization servers that are trusted.
        sign_on: How users sign in.
        open_launch: Whether `_services/smart/Launch` asks for no token; for development.
        requests_a_minute: Of one client to the token endpoint.
        app_lifetime: Of access tokens of apps.
        system_lifetime: Of access tokens of systems; five minutes at most.
    """

    engine: Engine
    keys: SiteKeys
    now: Callable[[], datetime]
    vault: Vault | None = None
    public_url: str | None = None
    mode: Mode = "open"
    fetch: Fetch = fetch_nothing
    issuers: tuple[TrustedIssuer, ...] = ()
    sign_on: SignOn = field(default_factory=SignOn)
    open_launch: bool = False
    requests_a_minute: int = 160
    app_lifetime: timedelta = timedelta(hours=1)
    system_lifetime: timedelta = timedelta(minutes=5)

    @cached_property
    def seal(self) -> Seal:
        """Hashes and seals of the site."""
        return Seal(self.keys)

    @cached_property
    def clients(self) -> Clients:
        """Registered clients."""
        return Clients(self.engine, self.seal)

    @cached_property
    def users(self) -> Users:
        """Who may sign in."""
        return Users(self.engine, self.seal)

    @cached_property
    def tokens(self) -> Tokens:
        """Access and refresh tokens."""
        return Tokens(self.engine, self.seal)

    @cached_property
    def codes(self) -> Codes:
        """Authorization codes."""
        return Codes(self.engine, self.seal)

    @cached_property
    def launches(self) -> Launches:
        """Launches that wait for their app."""
        return Launches(self.engine, self.seal)

    @cached_property
    def memory(self) -> Memory:
        """Assertions used, tries to sign in."""
        return Memory(self.engine, self.seal)

    @cached_property
    def key_sets(self) -> KeySets:
        """Keys behind addresses."""
        return KeySets(self.fetch)

    @cached_property
    def assertions(self) -> Assertions:
        """Checks what clients sign."""
        return Assertions(self.clients, self.key_sets, self.memory)

    def server(self, request: Request) -> str:
        """Address of the server as the caller reaches it."""
        return (self.public_url or str(request.base_url)).rstrip("/")

    def base(self, request: Request) -> str:
        """Address of the FHIR API as the caller reaches it."""
        return self.server(request) + PREFIX
