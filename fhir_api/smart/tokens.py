"""Access and refresh tokens: random, kept as keyed hashes, revoked together by family.

All tokens that come of one authorization are a family. A refresh token is turned in once; who turns
it in again holds a stolen one or was stolen from, so the whole family ends
(https://www.rfc-editor.org/rfc/rfc9700#section-4.14).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine, Row, insert, select, update

from fhir_api.smart.client import Client
from fhir_api.smart.context import Context, unsealed
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartClient, SmartToken

Kind = Literal["access_token", "refresh_token"]
TOKEN_BYTES = 32
LONGEST = 512  # characters; no token of ours is longer


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it is stored.

    Attributes:
        hash: What it is found under.
        kind: Access or refresh.
        family: All that came of one authorization.
        client_id: Whom it was issued to.
        identified: Whether that client sees real ids.
        scope: As granted.
        context: What it is about.
        issued_at: UTC.
        expires_at: UTC.
        is_spent: Whether it was turned in or revoked.
    """

    hash: bytes
    kind: str
    family: str
    client_id: str
    identified: bool
    scope: str
    context: Context
    issued_at: datetime
    expires_at: datetime
    is_spent: bool

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return not self.is_spent and now < self.expires_at

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to the client."""
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        """As granted."""
        return self.scope


@dataclass(frozen=True, slots=True)
class Authorization:
    """What tokens are issued for.

    Attributes:
        client_id: Whom.
        scope: As granted.
        context: What it is about.
        family: Of the tokens.
    """

    client_id: str
    scope: str
    context: Context
    family: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one site in the database."""

    engine: Engine
    seal: Seal

    def issue(
        self, kind: Kind, authorization: Authorization, now: datetime, lifetime: timedelta
    ) -> str:
        """A new token; the only moment at which it can be read."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        values = {
            "site": self.seal.site,
            "token": self.seal.hash("token", token),
            "kind": kind,
            "family": authorization.family,
            "client_id": authorization.client_id,
            "scope": authorization.scope,
            "context": authorization.context.sealed(self.seal),
            "issued_at": now,
            "expires_at": now + lifetime,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(SmartToken).values(**values))
        return token

    def find(self, token: str) -> Issued | None:
        """A token of a client that is still registered, good or not; None for any other text."""
        if len(token) > LONGEST:
            return None
        query = (
            select(SmartToken.__table__, SmartClient.identified)
            .join(
                SmartClient,
                (SmartClient.site == SmartToken.site)
                & (SmartClient.client_id == SmartToken.client_id),
            )
            .where(
                SmartToken.site == self.seal.site,
                SmartToken.token == self.seal.hash("token", token),
            )
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return self.issued(row) if row is not None else None

    def issued(self, row: Row[tuple[object, ...]]) -> Issued | None:
        """A row as a token; None when its context was sealed under another key."""
        context = unsealed(self.seal, row.context)
        if context is None:
            return None
        return Issued(
            hash=row.token,
            kind=row.kind,
            family=row.family,
            client_id=row.client_id,
            identified=row.identified,
            scope=row.scope,
            context=context,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            is_spent=row.used_at is not None or row.revoked_at is not None,
        )

    def turn_in(self, token: Issued, now: datetime) -> bool:
        """Use a refresh token; False, and the end of its family, when it was used before."""
        statement = (
            update(SmartToken)
            .where(
                SmartToken.site == self.seal.site,
                SmartToken.token == token.hash,
                SmartToken.used_at.is_(None),
                SmartToken.revoked_at.is_(None),
            )
            .values(used_at=now)
        )
        with self.engine.begin() as connection:
            was_good = connection.execute(statement).rowcount == 1
        if not was_good:
            self.revoke_family(token.family, now)
        return was_good

    def revoke(self, token: Issued, now: datetime) -> None:
        """End an access token; a refresh token with its family (RFC 7009, 2.1)."""
        if token.kind == "refresh_token":
            self.revoke_family(token.family, now)
            return
        statement = update(SmartToken).where(
            SmartToken.site == self.seal.site, SmartToken.token == token.hash
        )
        with self.engine.begin() as connection:
            connection.execute(statement.values(revoked_at=now))

    def revoke_family(self, family: str, now: datetime) -> None:
        """End every token that came of one authorization."""
        statement = update(SmartToken).where(
            SmartToken.site == self.seal.site,
            SmartToken.family == family,
            SmartToken.revoked_at.is_(None),
        )
        with self.engine.begin() as connection:
            connection.execute(statement.values(revoked_at=now))
