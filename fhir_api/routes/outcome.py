"""Every answer as FHIR JSON, every error as an OperationOutcome, every access on record."""

import logging
import traceback
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, ClassVar

from anyio.to_thread import run_sync
from fastapi import HTTPException, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from fhir_api.errors import FhirError, InvalidRequest, OurMistake, to_outcome
from fhir_api.json_text import dump
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.recording import access_of, is_recorded
from fhir_api.routes.request_ids import request_id_of
from fhir_api.routes.screening import FHIR_JSON, demand_accepted, screen
from fhir_api.routes.transport import HttpRefusal
from fhir_api.validation.elements import resource_types

LOG = logging.getLogger("homeward.fhir")
REST = "_rest"  # what a path is called that fits no interaction
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FhirRoute(APIRoute):
    """A route whose refusals are OperationOutcomes. Where GET is served, so is HEAD."""

    api: ClassVar[FhirApi | None] = None
    elsewhere: frozenset[str] = frozenset()  # types that other routes serve at such a path

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **given)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the route fits: a type in its path is one of R4, an id not an operation.

        A slash at the end changes nothing.
        """
        address: str = scope["path"]
        plain = {**scope, "path": address[:-1]} if address.endswith("/") else scope
        match, found = super().matches(plain)
        if match is Match.NONE:
            return match, found
        path = found.get("path_params", {})
        fits = is_plausible(path) and path.get("resource_type") not in self.elsewhere
        return (match, found) if fits else (Match.NONE, {})

    def get_route_handler(self) -> Handler:
        if takes_its_path_alone(self.dependant):
            return self.answered_in_a_thread
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                self.prepare(request)
                response = await handle(request)
                demand_accepted(request, response)
            except Exception as error:
                response = refusal(refused(error), request)
            return await run_sync(self.recorded, request, response)

        return answer

    async def answered_in_a_thread(self, request: Request) -> Response:
        """The same, while others are waited on."""
        return await run_sync(self.answered_at_once, request)

    def answered_at_once(self, request: Request) -> Response:
        """The answer where no body is to be waited for: one thread does all of it."""
        try:
            self.prepare(request)
            response = self.endpoint(**given_by_path(self.dependant, request))
            demand_accepted(request, response)
        except Exception as error:
            response = refusal(refused(error), request)
        return self.recorded(request, response)

    def prepare(self, request: Request) -> None:
        """Look at the request, and keep with it what its body and its caller are held to."""
        if self.api is not None:
            request.state.limits = self.api.limits
            request.state.authenticate = self.api.authenticate
            screen(request, self.api.limits)

    def recorded(self, request: Request, response: Response) -> Response:
        """The same answer once the access is on record; a refusal when it cannot be."""
        if self.api is not None and self.api.trail is not None and is_recorded(self.name):
            try:
                self.api.trail.record(access_of(self.api, request, self, response))
            except Exception as error:
                response = refusal(refused(error), request)
        response.headers["X-Request-Id"] = request_id_of(request)
        return without_body(response) if request.method == "HEAD" else response


def takes_its_path_alone(endpoint: Dependant) -> bool:
    """Whether an endpoint asks for nothing but words of its path and the request.

    What else it asked for the framework would have to read and check.
    """
    more = (
        endpoint.query_params
        or endpoint.header_params
        or endpoint.cookie_params
        or endpoint.body_params
        or endpoint.dependencies
    )
    return not more and not iscoroutinefunction(endpoint.call)


def given_by_path(endpoint: Dependant, request: Request) -> dict[str, Any]:
    """What such an endpoint is given, by name."""
    given: dict[str, Any] = {
        each.name: request.path_params[each.name] for each in endpoint.path_params
    }
    if endpoint.request_param_name is not None:
        given[endpoint.request_param_name] = request
    return given


def is_plausible(path: dict[str, Any]) -> bool:
    """Whether what stands in the place of a type or an id could be one."""
    own = any(str(value).startswith(("$", "_")) for name, value in path.items() if name != REST)
    return not own and path.get("resource_type", "Patient") in resource_types()


def route_of(api: FhirApi) -> type[FhirRoute]:
    """The class of the routes of one site: screened by its limits, kept in its trail."""
    return type("FhirRouteOfSite", (FhirRoute,), {"api": api})


def refused(error: Exception) -> FhirError:
    """Any error as one of ours; what we did not foresee is logged and told as our mistake."""
    if isinstance(error, FhirError):
        return error
    if isinstance(error, RequestValidationError):
        place = ".".join(str(part) for part in error.errors()[0]["loc"][1:])
        return InvalidRequest("This part of the request cannot be read.", f"http.{place}")
    if isinstance(error, HTTPException | AnyHTTPException):
        return HttpRefusal(error.status_code, error.headers)
    if isinstance(error, ClientDisconnect):
        return HttpRefusal(400)  # nobody is there to read it but the audit trail
    log_mistake(error)
    return OurMistake(error)


def refusal(error: FhirError, request: Request) -> Response:
    """The OperationOutcome of an error; where none of its issues says the place, the request's."""
    outcome = to_outcome(error)
    for issue in outcome["issue"]:
        issue.setdefault("expression", [place_of(request)])
    return fhir_response(outcome, error.status, dict(error.headers))


def place_of(request: Request) -> str:
    """The type that the path names, or Bundle where one is posted, or `http`."""
    kind = request.path_params.get("resource_type")
    if kind in resource_types():
        return str(kind)
    return "http" if kind or request.method != "POST" else "Bundle"


def without_body(response: Response) -> Response:
    """The answer to HEAD: what GET would answer, its length too, and no body."""
    response.body = b""
    return response


def log_mistake(error: Exception) -> None:
    """Log where we broke and on what kind of error; its message may hold a value, and stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(
        f"{Path(each.filename).name}:{each.lineno}" for each in reversed(frames[-6:])
    )
    LOG.error("%s at %s", type(error).__name__, where)


def fhir_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A FHIR JSON answer; without a body when it is None."""
    content = b"" if body is None else dump(body)
    return Response(content, status, headers, FHIR_JSON if content else None)
