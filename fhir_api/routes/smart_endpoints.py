"""What clients ask the authorization server by themselves: tokens, introspection, revocation."""

from typing import Annotated

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from fhir_api.smart.memory import WINDOW
from fhir_api.smart.oauth_request import NOT_READ, SmartRequest, form_body, pairs_in
from fhir_api.smart.pace import COUNTED, Pace
from fhir_api.smart.server import NOT_KEPT, SmartServer

PATHS = {"token": "token", "introspect": "introspection", "revoke": "revocation"}


def register(router: APIRouter, server: SmartServer) -> None:
    """Add the routes."""
    endpoints = Endpoints(server)

    def add(path: str, name: str) -> None:
        def answer(request: Request, body: Annotated[bytes | None, Depends(form_body)]) -> Response:
            return endpoints.answer(request, body, name)

        router.add_api_route(f"/auth/{path}", answer, methods=["POST"])

    for path, name in PATHS.items():
        add(path, name)


class Endpoints:
    """The endpoints, which forget every few minutes what has expired.

    Args:
        server: The authorization server.
    """

    def __init__(self, server: SmartServer) -> None:
        self.server = server
        self.due_at = server.parts.now()
        self.pace = Pace(server.parts.memory, server.parts.requests_a_minute)

    def answer(self, request: Request, body: bytes | None, name: str) -> Response:
        """The answer of one endpoint, a refusal included."""
        self.sweep()
        address = self.server.parts.server(request)
        asking = SmartRequest("POST", address, request.headers, ())
        try:
            if body is None or request.url.query:
                raise InvalidRequestError(NOT_READ)
            asking = SmartRequest("POST", address, request.headers, pairs_in(body))
            asking.demand_single()
        except OAuth2Error as error:
            answer: Response = self.server.handle_error_response(asking, error)
            return answer
        caller = request.client.host if request.client else ""
        if name in COUNTED and (wait := self.pace.wait(asking, caller, self.server.parts.now())):
            return too_often(wait)
        return self.answered(asking, name)

    def answered(self, asking: SmartRequest, name: str) -> Response:
        """The answer to a request that could be read."""
        answer: Response
        if name == "token":
            answer = self.server.create_token_response(asking)
        else:
            answer = self.server.create_endpoint_response(name, asking)
        return answer

    def sweep(self) -> None:
        """Forget what has expired, if that was not done a moment ago."""
        now = self.server.parts.now()
        if now >= self.due_at:
            self.due_at = now + WINDOW
            self.server.parts.memory.sweep(now)


def too_often(wait: int) -> Response:
    """The refusal of a client that does not wait."""
    said = f"There were too many requests. Wait {wait} seconds and try again."
    body = {"error": "temporarily_unavailable", "error_description": said}
    return JSONResponse(body, 429, {**NOT_KEPT, "Retry-After": str(wait)})
