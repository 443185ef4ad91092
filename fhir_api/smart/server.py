"""The authorization server: Authlib's, over the books of one site.

What Authlib would put into its errors and debug log (addresses and tokens as they came) is kept out
of both: every refusal is one of the sentences below, and a token is made after Authlib has logged.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, InvalidScopeError
from fastapi import Response

from fhir_api.smart.client import Client
from fhir_api.smart.context import Context, Show
from fhir_api.smart.grants import AppCode, Backend, OnlyS256, Renewal
from fhir_api.smart.identity import Signer
from fhir_api.smart.oauth_request import SmartRequest
from fhir_api.smart.parts import PREFIX, SmartParts
from fhir_api.smart.proofs import Proofs
from fhir_api.smart.token_endpoints import Introspection, Revocation
from fhir_api.smart.tokens import Authorization, Issued
from privacy.pseudonyms import is_pseudonym, pseudonym

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FOR_SYSTEMS = timedelta(minutes=5)  # SMART's longest for backend services
OFFLINE = timedelta(days=90)
ONLINE = timedelta(hours=8)  # a shift: online_access ends with the user's day
SENTENCES = {
    "access_denied": "The request was denied.",
    "invalid_client": "The client could not be authenticated.",
    "invalid_grant": "The code or refresh token is not valid for this client.",
    "invalid_scope": "None of the scopes, or not all of them, can be granted to this client.",
    "unauthorized_client": "The client is not registered for this.",
    "unsupported_grant_type": "Use authorization_code, refresh_token or client_credentials.",
    "unsupported_response_type": "Use response_type=code.",
}


class SmartServer(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """The authorization server of one site.

    Args:
        parts: Given by the front door.
    """

    def __init__(self, parts: SmartParts) -> None:
        super().__init__()
        self.parts = parts
        self.proofs = Proofs(parts)
        self.signer = Signer(parts.engine, parts.seal, parts.now())
        self.when_revoked: list[Any] = []
        self.register_grant(AppCode, [OnlyS256(required=True)])
        self.register_grant(Renewal)
        self.register_grant(Backend)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def query_client(self, client_id: str | None) -> Client | None:
        """The client, or None."""
        return self.parts.clients.find(client_id)

    def authenticate_client(
        self, request: SmartRequest, methods: Collection[str], endpoint: str = "token"
    ) -> Client:
        """The client that makes a request; raises InvalidClientError, always the same."""
        request.demand_single()
        method, client = self.proofs.of(request)
        if client is None or method not in methods:
            raise InvalidClientError
        if not client.check_endpoint_auth_method(method, endpoint):
            raise InvalidClientError
        if request.form.get("client_id", client.client_id) != client.client_id:
            raise InvalidClientError
        request.auth_method = method
        return client

    def generate_token(
        self, grant_type: str, client: Client, scope: str | None = None, **_more: object
    ) -> dict[str, Any]:
        """The answer without its tokens, which are made when they are saved."""
        allowed = client.get_allowed_scope(scope)
        if not allowed:
            raise InvalidScopeError
        system = grant_type == "client_credentials"
        longest = min(self.parts.system_lifetime, FOR_SYSTEMS)
        lifetime = longest if system else self.parts.app_lifetime
        return {
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "scope": allowed,
        }

    def save_token(self, token: dict[str, Any], request: SmartRequest) -> None:
        """Make the tokens of an answer, keep them, and add what they are about."""
        before = request.authorization_code or request.refresh_token
        context: Context = before.context if before else Context()
        family = before.family if before else secrets.token_hex(16)
        client: Client = request.client
        now = self.parts.now()
        new = Authorization(client.client_id, token["scope"], context, family)
        lifetime = timedelta(seconds=token["expires_in"])
        token["access_token"] = self.parts.tokens.issue("access_token", new, now, lifetime)
        if before is not None:
            self.add_refresh_token(token, request, before.scope)
            token |= context.members(self.show(identified=client.identified))
            self.add_identity(token, request, context)

    def add_refresh_token(self, token: dict[str, Any], request: SmartRequest, scope: str) -> None:
        """Add a refresh token where the scopes first granted ask for one."""
        client: Client = request.client
        before = request.authorization_code or request.refresh_token
        now = self.parts.now()
        lifetime = refreshable(scope, before.context, now.timestamp())
        if lifetime <= timedelta(0) or not client.check_grant_type("refresh_token"):
            return
        kept = Authorization(client.client_id, scope, before.context, before.family)
        token["refresh_token"] = self.parts.tokens.issue("refresh_token", kept, now, lifetime)

    def add_identity(self, token: dict[str, Any], request: SmartRequest, context: Context) -> None:
        """Add who the user is, where `openid` and `fhirUser` or `profile` were granted."""
        words = set(token["scope"].split())
        if "openid" not in words or not words & {"fhirUser", "profile"}:
            return
        client: Client = request.client
        token["id_token"] = self.signer.identity_token(
            context_for(context, self.show(identified=client.identified)),
            client.client_id,
            request.server + PREFIX,
            self.parts.now(),
        )

    def show(self, *, identified: bool) -> Show:
        """How a client sees `Type/real-id`."""
        if identified:
            return str
        return self.stored_name

    def stored_name(self, reference: str) -> str:
        """`Type/pseudonym` of `Type/real-id`."""
        kind, _, id_ = reference.partition("/")
        return f"{kind}/{id_ if is_pseudonym(id_) else pseudonym(self.parts.keys, kind, id_)}"

    def forget_family(self, family: str) -> None:
        """End every token that came of one authorization."""
        self.parts.tokens.revoke_family(family, self.parts.now())
        self.tell_revoked()

    def forget(self, token: Issued) -> None:
        """End one token."""
        self.parts.tokens.revoke(token, self.parts.now())
        self.tell_revoked()

    def tell_revoked(self) -> None:
        """Let those that keep callers for a moment look again."""
        for listener in self.when_revoked:
            listener()

    def create_oauth2_request(self, request: SmartRequest) -> SmartRequest:
        """The request: ours are Authlib's already."""
        return request

    def send_signal(self, *_args: object, **_more: object) -> None:
        """Nothing listens."""

    def handle_error_response(self, request: SmartRequest, error: OAuth2Error) -> Response:
        """A refusal: the code of the standard, a sentence of ours, and no word that came in."""
        error.description = SENTENCES.get(error.error, error.description)
        error.uri = None
        status, body, headers = error()
        answer = dict(headers)
        if error.error == "invalid_client":
            status = 401
            asked = "authorization" in request.headers
            answer |= {"WWW-Authenticate": 'Basic realm="homeward"'} if asked else {}
        return self.handle_response(status, body, answer)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """An answer that nobody keeps."""
        content = json.dumps(body) if isinstance(body, dict) else body
        return Response(content, status, {**dict(headers), **NOT_KEPT})


def refreshable(scope: str, context: Context, now: float) -> timedelta:
    """How long a refresh token is good; not at all where none was granted."""
    words = scope.split()
    if "offline_access" in words:
        return OFFLINE
    if "online_access" in words:
        return ONLINE - timedelta(seconds=now - (context.signed_in_at or now))
    return timedelta(0)


def context_for(context: Context, show: Show) -> Context:
    """A context whose user is as the client may see it."""
    return replace(context, user=show(context.user) if context.user else None)
