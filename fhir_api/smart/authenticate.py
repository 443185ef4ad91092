"""Who makes a FHIR request, by its access token.

    mode open     no token: anyone; a token is held to what it allows
    mode smart    no token: 401

A caller that was looked up is kept for two seconds. A token that is revoked is forgotten at once in
the process that revokes it, and within two seconds in every other.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from fastapi import Request

from fhir_api.access.caller import Caller, anyone
from fhir_api.access.scopes import grants_of
from fhir_api.errors import Unauthorized
from fhir_api.smart.errors import TokenInUrl
from fhir_api.smart.external import External
from fhir_api.smart.jwt_rules import LONGEST, BadToken
from fhir_api.smart.parts import SmartParts
from fhir_api.smart.tokens import Issued

LOG = logging.getLogger("homeward.smart")
KEPT = timedelta(seconds=2)
MOST_KEPT = 10_000
DOTS_OF_A_JWT = 2


@dataclass(frozen=True, slots=True)
class Known:
    """A caller that was looked up a moment ago."""

    caller: Caller
    until: datetime


class Authenticator:
    """Finds the caller of each request.

    Args:
        parts: Of the authorization server.
    """

    def __init__(self, parts: SmartParts) -> None:
        self.parts = parts
        self.external = External(parts.issuers, parts.key_sets)
        self._known: dict[bytes, Known] = {}
        self._lock = Lock()

    def __call__(self, request: Request) -> Caller:
        """The caller; raises Unauthorized (401), or TokenInUrl (400)."""
        if "access_token" in request.query_params:
            raise TokenInUrl
        sent = request.headers.getlist("authorization")
        if not sent:
            return self.without_token()
        scheme, _, token = sent[0].partition(" ")
        if len(sent) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST:
            raise Unauthorized
        return self.caller(token)

    def without_token(self) -> Caller:
        """Who comes with nothing."""
        if self.parts.mode == "smart":
            raise Unauthorized
        return anyone()

    def caller(self, token: str) -> Caller:
        """Who comes with a token, looked up now or within the last two seconds."""
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now = self.parts.now()
        known = self._known.get(key)
        if known is not None and now < known.until:
            return known.caller
        caller, expires_at = self.looked_up(token, now)
        with self._lock:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[key] = Known(caller, min(expires_at, now + KEPT))
        return caller

    def looked_up(self, token: str, now: datetime) -> tuple[Caller, datetime]:
        """Who comes with a token, and until when; raises Unauthorized."""
        if self.parts.issuers and token.count(".") == DOTS_OF_A_JWT:
            try:
                return self.external.caller(token, now)
            except BadToken as error:
                LOG.warning("an access token was refused: %s", error)
                raise Unauthorized from None
        found = self.parts.tokens.find(token)
        if found is None or found.kind != "access_token" or not found.is_good(now):
            raise Unauthorized
        return caller_of(found), found.expires_at

    def forget(self) -> None:
        """Look every token up again: one was revoked."""
        with self._lock:
            self._known.clear()


def caller_of(token: Issued) -> Caller:
    """The caller that a token of ours describes."""
    context = token.context
    return Caller(
        client=token.client_id,
        grants=grants_of(token.scope, patient=context.patient, user=context.user),
        user=context.user,
        patient=context.patient,
        identified=token.identified,
        scopes=token.scope,
    )


def authenticator(parts: SmartParts) -> Callable[[Request], Caller]:
    """What finds the caller of each request, for `FhirApi.authenticate`."""
    return Authenticator(parts)
