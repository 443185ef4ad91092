"""Which pages of other origins a browser lets read our answers: those of registered apps.

Origins of registered redirect and launch addresses, beside those the site lists. No cookie is ever
let through. What an app reads before it is anybody's, the discovery documents and the
CapabilityStatement, may be read by pages of any origin. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#considerations-for-cross-origin-resource-sharing-cors-support
"""

import re
from datetime import datetime, timedelta
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from fhir_api.smart.parts import PREFIX, SmartParts

KEPT = timedelta(seconds=10)
FOR_ANYONE = re.compile(
    rf"({PREFIX})?/\.well-known/(smart|openid)-configuration|{PREFIX}/metadata|/auth/jwks"
)


class RegisteredOrigins:
    """Origins of the registered apps, looked up every ten seconds at most.

    Args:
        parts: Of the authorization server.
    """

    def __init__(self, parts: SmartParts) -> None:
        self.parts = parts
        self._until: datetime | None = None
        self._origins: frozenset[str] = frozenset()

    def __contains__(self, origin: object) -> bool:
        now = self.parts.now()
        if self._until is None or now >= self._until:
            clients = self.parts.clients.every()
            self._origins = frozenset(each for client in clients for each in client.origins)
            self._until = now + KEPT
        return origin in self._origins


class RegisteredCors(CORSMiddleware):
    """Starlette's middleware, which lets in the origins of registered apps as well.

    Args:
        app: The application.
        registered: Of the site.
        options: As Starlette takes them; `allow_origins` are let in beside the registered ones.
    """

    def __init__(self, app: ASGIApp, /, registered: RegisteredOrigins, **options: Any) -> None:
        super().__init__(app, **options)
        self.registered = registered
        self.for_anyone = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["GET", "HEAD"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pages of any origin read what is for anyone, and some read the rest."""
        if scope["type"] == "http" and FOR_ANYONE.fullmatch(scope["path"]):
            await self.for_anyone(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether the site lists it or a client is registered with it."""
        return super().is_allowed_origin(origin) or origin in self.registered
