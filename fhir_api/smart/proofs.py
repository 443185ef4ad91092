"""How a client proves who it is at the token endpoint: in one way, the one it is registered for.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-symmetric.html
"""

import hmac
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from fhir_api.smart.assertion import TYPE
from fhir_api.smart.client import Client
from fhir_api.smart.oauth_request import SmartRequest
from fhir_api.smart.parts import SmartParts


@dataclass(frozen=True, slots=True)
class Proofs:
    """Looks at what clients send to prove who they are."""

    parts: SmartParts

    def of(self, request: SmartRequest) -> tuple[str, Client | None]:
        """The way in which a client proves who it is, one and no other, and the client."""
        form = request.form
        header = request.headers.get("authorization", "")
        is_signed = "client_assertion" in form or "client_assertion_type" in form
        has_secret = bool(header) or "client_secret" in form
        if is_signed and not has_secret:
            return "private_key_jwt", self.signed(request)
        if header and not is_signed:
            return "client_secret_basic", self.with_secret(header)
        if is_signed or has_secret:
            return "two at once", None
        return "none", self.parts.clients.find(form.get("client_id") or self.holder_of(form))

    def holder_of(self, form: Mapping[str, str]) -> str | None:
        """Whose refresh token a request turns in that names no client.

        SMART's refresh has no `client_id`, and fhirclient sends none for a public app; who
        has to prove itself is still refused, since nothing proves it here.
        https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token
        """
        token = form.get("refresh_token")
        found = self.parts.tokens.find(token) if token else None
        return found.client_id if found is not None else None

    def signed(self, request: SmartRequest) -> Client | None:
        """The client that signed the assertion of a request."""
        if request.form.get("client_assertion_type") != TYPE:
            return None
        text = request.form.get("client_assertion", "")
        audiences = (f"{request.server}/auth/token",)
        return self.parts.assertions.client(text, audiences, self.parts.now())

    def with_secret(self, header: str) -> Client | None:
        """The client whose id and secret stand in an Authorization header."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            decoded = b64decode(encoded.strip(), validate=True).decode()
        except (Error, ValueError):
            return None
        client_id, _, secret = decoded.partition(":")
        client = self.parts.clients.find(unquote_plus(client_id))
        if client is None or client.secret is None:
            return None
        given = self.parts.seal.hash(f"client {client.client_id}", unquote_plus(secret))
        return client if hmac.compare_digest(given, client.secret) else None
