"""Identity tokens (OpenID Connect) and the key of the site that signs them.

RS256, which OpenID Connect and SMART ask every server for. The key is made once, at first use, and
kept in the database sealed under the site's key; of two processes that make one, the first counts.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from fhir_api.smart.context import Context
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartSigningKey

ALGORITHM = "RS256"
BITS = 2048
PURPOSE = "signing key"
LIFETIME = timedelta(minutes=5)


class SigningKeyLost(RuntimeError):
    """The stored signing key was sealed under another key of the site."""

    def __init__(self) -> None:
        super().__init__(
            "The signing key in the database was sealed under another site key. Restore that key, "
            "or delete the row of smart_signing_key; a new one is made then."
        )


@dataclass(frozen=True)
class Signer:
    """Signs for one site."""

    engine: Engine
    seal: Seal
    now: datetime

    @cached_property
    def key(self) -> RSAKey:
        """The private key, made when there is none."""
        stored = self.stored()
        if stored is None:
            self.make()
            stored = self.stored()
        content = self.seal.open(PURPOSE, stored) if stored is not None else None
        if content is None:
            raise SigningKeyLost
        return RSAKey.import_key(json.loads(content))

    def stored(self) -> bytes | None:
        """The sealed key, if there is one."""
        query = select(SmartSigningKey.sealed).where(
            SmartSigningKey.site == self.seal.site, SmartSigningKey.algorithm == ALGORITHM
        )
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def make(self) -> None:
        """Keep a new key, unless another process was first."""
        fresh = RSAKey.generate_key(BITS)
        private = {**fresh.as_dict(private=True), "kid": fresh.thumbprint()}
        statement = insert(SmartSigningKey).values(
            site=self.seal.site,
            algorithm=ALGORITHM,
            sealed=self.seal.seal(PURPOSE, json.dumps(private).encode()),
            made_at=self.now,
        )
        with self.engine.begin() as connection:
            connection.execute(statement.on_conflict_do_nothing())

    def public(self) -> dict[str, Any]:
        """The JWK Set that clients verify with: bare keys, no certificates."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": ALGORITHM}]}

    def identity_token(self, context: Context, client_id: str, fhir: str, now: datetime) -> str:
        """Who the user is, for one client.

        Args:
            context: Of the authorization.
            client_id: The audience.
            fhir: Address of the FHIR API; the issuer, and the base of `fhirUser`.
            now: UTC.
        """
        moment = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": fhir,
            "sub": self.subject(context),
            "aud": client_id,
            "iat": moment,
            "exp": moment + int(LIFETIME.total_seconds()),
            "fhirUser": f"{fhir}/{context.user}",
        }
        claims |= {"auth_time": context.signed_in_at} if context.signed_in_at else {}
        claims |= {"nonce": context.nonce} if context.nonce else {}
        header = {"alg": ALGORITHM, "kid": self.key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])

    def subject(self, context: Context) -> str:
        """A name for the user that says nothing and stays the same."""
        return self.seal.hash("subject", context.user or "").hex()
