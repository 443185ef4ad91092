"""The pages of the authorization server.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from collections.abc import Callable
from typing import Annotated

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from fastapi import APIRouter, Depends, Request, Response

from fhir_api.smart.consent import Counter
from fhir_api.smart.oauth_request import NOT_READ, SmartRequest, form_body, pairs_in
from fhir_api.smart.pages import problem_page

Form = Annotated[bytes | None, Depends(form_body)]
Page = Callable[[Request, SmartRequest], Response]


def register(router: APIRouter, counter: Counter) -> None:
    """Add the routes."""

    def ask(request: Request, form: SmartRequest) -> Response:
        return counter.ask(request, form.pairs)

    @router.get("/auth/authorize")
    def authorize(request: Request) -> Response:
        return shown(ask, request, request.url.query.encode())

    def add(path: str, page: Page) -> None:
        def answer(request: Request, body: Form) -> Response:
            return shown(page, request, body)

        router.add_api_route(f"/auth/{path}", answer, methods=["POST"])

    add("authorize", ask)
    add("login", counter.login)
    add("consent", counter.decide)
    add("sign-out", counter.sign_out)


def shown(page: Page, request: Request, body: bytes | None) -> Response:
    """A page for the parameters of a request; one that says so when they cannot be read."""
    try:
        if body is None:
            raise InvalidRequestError(NOT_READ)
        return page(request, SmartRequest("POST", "", request.headers, pairs_in(body)))
    except OAuth2Error as error:
        return problem_page(error.description)
