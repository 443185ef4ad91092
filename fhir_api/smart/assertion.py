"""A client proves who it is with a signed assertion, good once and for five minutes.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html. Authlib's own
check accepts neither RS384 nor ES384 and lets an assertion live for a year; these are SMART's.
`iat` is not among the claims SMART asks for: it is checked where it is given.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from fhir_api.smart.client import Client
from fhir_api.smart.clients import Clients
from fhir_api.smart.jwt_rules import (
    LEEWAY_S,
    BadToken,
    Jwk,
    Unverified,
    demand_audience,
    demand_time,
    read,
    verified,
)
from fhir_api.smart.key_sets import KeySets
from fhir_api.smart.memory import Memory

LOG = logging.getLogger("homeward.smart")
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS384", "ES384")
TYPES = ("jwt", None)
LIFETIME_S = 300
LONGEST_JTI = 255


@dataclass(frozen=True, slots=True)
class Assertions:
    """Checks assertions of the clients of a site.

    Attributes:
        clients: Registered ones.
        key_sets: Keys behind addresses.
        memory: Of assertions used.
    """

    clients: Clients
    key_sets: KeySets
    memory: Memory

    def client(self, text: str, audiences: tuple[str, ...], now: datetime) -> Client | None:
        """The client that signed an assertion; None when any rule is broken.

        The reason goes to the log with the client, if it is one of ours, and without a word of the
        assertion itself.
        """
        whose = "an unknown client"
        try:
            token = read(text, ALGORITHMS, TYPES)
            client = self.named(token)
            whose = f"client {client.client_id}"
            self.demand(token, client, audiences, now)
        except BadToken as error:
            LOG.warning("an assertion of %s was refused: %s", whose, error)
            return None
        return client

    def named(self, token: Unverified) -> Client:
        """The client an assertion claims to come from."""
        issuer = token.claims.get("iss")
        if not isinstance(issuer, str) or token.claims.get("sub") != issuer:
            raise BadToken("iss and sub")
        client = self.clients.find(issuer)
        if client is None or client.authentication != "private_key_jwt":
            raise BadToken("client")
        return client

    def demand(
        self, token: Unverified, client: Client, audiences: tuple[str, ...], now: datetime
    ) -> None:
        """Refuse an assertion that breaks a rule; its one use is counted last of all."""
        if "jku" in token.header and token.header["jku"] != client.jwks_url:
            raise BadToken("jku")
        claims = verified(token, self.keys_of(client, token.kid, now))
        demand_audience(claims, audiences)
        expires = demand_time(claims, now, LIFETIME_S)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise BadToken("jti")
        until = datetime.fromtimestamp(expires + LEEWAY_S, UTC)
        if not self.memory.is_new(client.client_id, jti, until):
            raise BadToken("jti was used")

    def keys_of(self, client: Client, kid: str, now: datetime) -> list[Jwk]:
        """Public keys of a client."""
        if client.jwks_url is not None:
            return self.key_sets.keys(client.jwks_url, kid, now)
        return [key for key in (client.jwks or {}).get("keys", []) if isinstance(key, dict)]
