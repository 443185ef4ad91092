"""Authorization codes: good once, for a minute, for one client and one address.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, select, update

from fhir_api.smart.context import Context, unsealed
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartCode

LIFETIME = timedelta(seconds=60)
CODE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it is stored, in the words that Authlib asks it in."""

    hash: bytes
    client_id: str
    redirect_uri: str
    code_challenge: str
    scope: str
    context: Context
    family: str
    expires_at: datetime
    was_used: bool
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Where it was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """As granted."""
        return self.scope


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What a code is bound to."""

    client_id: str
    redirect_uri: str
    challenge: str
    scope: str
    context: Context


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of one site in the database."""

    engine: Engine
    seal: Seal

    def issue(self, asked: CodeRequest, now: datetime) -> str:
        """A new code, and the family of all tokens that will come of it."""
        code = secrets.token_urlsafe(CODE_BYTES)
        values = {
            "site": self.seal.site,
            "code": self.seal.hash("code", code),
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
            "challenge": asked.challenge,
            "scope": asked.scope,
            "context": asked.context.sealed(self.seal),
            "family": secrets.token_hex(16),
            "expires_at": now + LIFETIME,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(SmartCode).values(**values))
        return code

    def find(self, code: str) -> Code | None:
        """A code, used or not; None for any other text."""
        query = select(SmartCode).where(
            SmartCode.site == self.seal.site, SmartCode.code == self.seal.hash("code", code)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        context = unsealed(self.seal, row.context) if row is not None else None
        if row is None or context is None:
            return None
        return Code(
            hash=row.code,
            client_id=row.client_id,
            redirect_uri=row.redirect_uri,
            code_challenge=row.challenge,
            scope=row.scope,
            context=context,
            family=row.family,
            expires_at=row.expires_at,
            was_used=row.used_at is not None,
        )

    def use(self, code: Code, now: datetime) -> bool:
        """Use a code; False when someone was first."""
        statement = (
            update(SmartCode)
            .where(
                SmartCode.site == self.seal.site,
                SmartCode.code == code.hash,
                SmartCode.used_at.is_(None),
            )
            .values(used_at=now)
        )
        with self.engine.begin() as connection:
            return connection.execute(statement).rowcount == 1
