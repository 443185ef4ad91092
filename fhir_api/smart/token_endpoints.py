"""Revocation (RFC 7009) and introspection (RFC 7662) of tokens.

Whoever introspects has to prove who it is; a client sees its own tokens, and all of them where its
registration says so. https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html
"""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from fhir_api.smart.client import Client
from fhir_api.smart.grants import EVERY_METHOD
from fhir_api.smart.parts import PREFIX
from fhir_api.smart.tokens import Issued


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """Ends a token of the client that asks."""

    CLIENT_AUTH_METHODS = EVERY_METHOD

    def check_params(self, request: Any, _client: Client) -> None:
        """Demand a token; the hint is one, and every kind is looked for."""
        demand_token(request)

    def query_token(self, text: str, _hint: str | None) -> Issued | None:
        """The token, or None."""
        found: Issued | None = self.server.parts.tokens.find(text)
        return found

    def revoke_token(self, token: Issued, _request: Any) -> None:
        """End it."""
        self.server.forget(token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """Says whether a token is good, and what it is about."""

    CLIENT_AUTH_METHODS = ("private_key_jwt", "client_secret_basic")

    def check_params(self, request: Any, _client: Client) -> None:
        """Demand a token; the hint is one, and every kind is looked for."""
        demand_token(request)

    def create_endpoint_response(self, request: Any) -> tuple[int, dict[str, Any], Any]:
        """What is said of a good token; of every other text nothing but that it is none."""
        client = self.authenticate_endpoint_client(request)
        token: Issued | None = self.authenticate_token(request, client)
        is_good = token is not None and token.is_good(self.server.parts.now())
        said = self.said(token, request.server) if token and is_good else {"active": False}
        return 200, said, default_json_headers

    def query_token(self, text: str, _hint: str | None) -> Issued | None:
        """The token, or None."""
        found: Issued | None = self.server.parts.tokens.find(text)
        return found

    def check_permission(self, token: Issued, client: Client, _request: Any) -> bool:
        """Whether the client may ask about it."""
        return client.introspects or token.check_client(client)

    def said(self, token: Issued, server: str) -> dict[str, Any]:
        """What a token is about, as its own client sees it."""
        show = self.server.show(identified=token.identified)
        said = {
            "active": True,
            "scope": token.scope,
            "client_id": token.client_id,
            "exp": int(token.expires_at.timestamp()),
            "iat": int(token.issued_at.timestamp()),
            "token_type": "Bearer",
            **token.context.members(show),
        }
        user = token.context.user
        if user is None or "openid" not in token.scope.split():
            return said
        subject = self.server.signer.subject(token.context)
        fhir = server + PREFIX
        return said | {"iss": fhir, "sub": subject, "fhirUser": f"{fhir}/{show(user)}"}


def demand_token(request: Any) -> None:
    """Refuse a request without a token."""
    if not request.form.get("token"):
        raise InvalidRequestError("Send a token.")
