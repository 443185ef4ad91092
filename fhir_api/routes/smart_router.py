"""The authorization server as a router, to be mounted at the root and before the FHIR routes.

/.well-known/smart-configuration, /fhir/.well-known/smart-configuration, and openid-configuration
/auth/authorize /auth/login /auth/consent /auth/sign-out        pages
/auth/token /auth/introspect /auth/revoke /auth/jwks            for clients
/fhir/_services/smart/Launch                                    for an EHR that opens apps
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from fhir_api.routes import smart_endpoints, smart_launch, smart_pages
from fhir_api.smart.authenticate import Authenticator
from fhir_api.smart.consent import Counter
from fhir_api.smart.discovery import openid_configuration, smart_configuration
from fhir_api.smart.parts import SmartParts
from fhir_api.smart.server import SmartServer

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=300"}


def build_auth_router(
    parts: SmartParts, authenticate: Callable[[Request], Any] | None = None
) -> APIRouter:
    """Every route of the authorization server.

    Args:
        parts: Given by the front door.
        authenticate: What `authenticator(parts)` made, so that it forgets what is revoked here.
    """
    server = SmartServer(parts)
    finder = authenticate if isinstance(authenticate, Authenticator) else Authenticator(parts)
    server.when_revoked.append(finder.forget)
    router = APIRouter(tags=["SMART"])
    register_discovery(router, parts, server)
    smart_endpoints.register(router, server)
    smart_pages.register(router, Counter(server))
    smart_launch.register(router, parts, finder)
    return router


def register_discovery(router: APIRouter, parts: SmartParts, server: SmartServer) -> None:
    """The documents that anyone may read, from a page of any origin."""
    documents = {
        "smart-configuration": smart_configuration,
        "openid-configuration": openid_configuration,
    }

    def add(name: str, document: Callable[[str, str], dict[str, Any]]) -> None:
        def answer(request: Request) -> Response:
            said = document(parts.server(request), parts.base(request))
            return JSONResponse(said, headers=ANY_ORIGIN)

        for place in ("", "/fhir"):
            router.add_api_route(f"{place}/.well-known/{name}", answer, methods=["GET"])

    for name, document in documents.items():
        add(name, document)

    @router.get("/auth/jwks")
    def jwks() -> Response:
        return JSONResponse(server.signer.public(), headers=ANY_ORIGIN)
