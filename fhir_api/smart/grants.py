"""Authlib's grants, corrected where SMART asks for more.

S256 from every client and no `plain`; a code and a refresh token good for one use even when two
requests come at once; a reuse ends the whole family; scopes of systems checked word by word.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    grants,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from fhir_api.access.negotiation import granted
from fhir_api.access.scopes import LONGEST, is_known
from fhir_api.smart.client import Client
from fhir_api.smart.codes import Code, CodeRequest
from fhir_api.smart.context import Context
from fhir_api.smart.tokens import Issued

EVERY_METHOD = ["private_key_jwt", "client_secret_basic", "none"]
LONGEST_CODE = 512
Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user agreed to."""

    scope: str
    context: Context


class OnlyS256(CodeChallenge):  # type: ignore[misc]  # Authlib ships no types
    """PKCE as SMART has it: required of every client, `plain` refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse an authorization request without an S256 challenge."""
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send a code_challenge with code_challenge_method=S256.")
        super().validate_code_challenge(grant, redirect_uri)


class AppCode(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
    """A code for an app, and the tokens for it."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY_METHOD

    def generate_authorization_code(self) -> str:
        """A code bound to what was asked and agreed."""
        request = self.request
        consent: Consent = request.consent
        asked = CodeRequest(
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            challenge=request.payload.data["code_challenge"],
            scope=consent.scope,
            context=consent.context,
        )
        return str(self.server.parts.codes.issue(asked, self.server.parts.now()))

    def save_authorization_code(self, _code: str, _request: Any) -> None:
        """Nothing: a code is kept when it is made."""

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """A code that is good for the client; one that was used ends what came of it."""
        found: Code | None = self.server.parts.codes.find(code[:LONGEST_CODE])
        if found is None or found.client_id != client.client_id:
            return None
        if found.was_used:
            self.server.forget_family(found.family)
            return None
        return found if self.server.parts.now() < found.expires_at else None

    def create_token_response(self) -> Answer:
        """The tokens; of two requests with one code, one gets them at most."""
        code: Code = self.request.authorization_code
        if not self.server.parts.codes.use(code, self.server.parts.now()):
            self.server.forget_family(code.family)
            raise InvalidGrantError
        answer: Answer = super().create_token_response()
        return answer

    def authenticate_user(self, code: Code) -> str | None:
        """Who agreed."""
        return code.context.user

    def delete_authorization_code(self, _code: Code) -> None:
        """Nothing: a used code is kept for a while, so that its reuse is noticed."""


class Renewal(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib ships no types
    """A refresh token turned in for new tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY_METHOD

    def authenticate_refresh_token(self, text: str) -> Issued | None:
        """A refresh token that is good; one that was turned in before ends its family."""
        found: Issued | None = self.server.parts.tokens.find(text)
        if found is None or found.kind != "refresh_token":
            return None
        if found.is_spent:
            self.server.forget_family(found.family)
        return found if found.is_good(self.server.parts.now()) else None

    def _validate_token_scope(self, token: Issued) -> None:
        """Refuse what the user did not agree to; a part of it may be asked for."""
        asked = (self.request.payload.scope or "").split()
        if any(granted(word, token.scope) != word for word in asked):
            raise InvalidScopeError

    def create_token_response(self) -> Answer:
        """New tokens; of two requests with one refresh token, one gets them at most."""
        token: Issued = self.request.refresh_token
        if not self.server.parts.tokens.turn_in(token, self.server.parts.now()):
            self.server.forget_family(token.family)
            raise InvalidGrantError
        answer: Answer = super().create_token_response()
        return answer

    def authenticate_user(self, token: Issued) -> str | None:
        """Who agreed, if they are still in the directory."""
        login = token.context.login
        if login is not None and self.server.parts.users.find(login) is None:
            raise InvalidGrantError
        return token.context.user

    def revoke_old_credential(self, _token: Issued) -> None:
        """Nothing: it was turned in before the new ones were made."""


class Backend(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib ships no types
    """A token for a system."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("private_key_jwt",)

    def validate_requested_scope(self) -> None:
        """Refuse an absent scope, and any word that is no scope of a system."""
        words = (self.request.payload.scope or "").split()
        if not words or sum(map(len, words)) > LONGEST or not all(map(is_system_scope, words)):
            raise InvalidScopeError


def is_system_scope(word: str) -> bool:
    """Whether a system may ask for it: what it may read, or the right to open apps."""
    return is_known(word) and (word.startswith("system/") or word == "launch")
