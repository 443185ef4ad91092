"""Behind a proxy: who sends a request, and whose request it is.

X-Forwarded-For and -Proto are believed from the site's proxies alone. They replace the address of
the sender, so that is kept beside it: the proxy may also name the user, and nobody else may.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fhir_api.smart.sign_in import SENDER


class BehindProxies:
    """Keeps the sender's address, then takes over what a proxy says of its client.

    Args:
        app: The application.
        proxies: Addresses of the site's proxies.
    """

    def __init__(self, app: ASGIApp, proxies: Collection[str]) -> None:
        self.forwarded = ProxyHeadersMiddleware(app, trusted_hosts=list(proxies))  # type: ignore[arg-type]  # uvicorn's own names for the same

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope.get("client"):
            scope[SENDER] = scope["client"][0]
        await self.forwarded(scope, receive, send)  # type: ignore[arg-type]
