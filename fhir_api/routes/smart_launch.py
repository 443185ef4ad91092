"""`POST _services/smart/Launch`: an EHR that is about to open an app gets a launch id for it.

The CDS Hooks Sandbox asks for one when a user follows a card's link to a SMART app. Who asks has
to bring a token with the scope `launch`, unless the site says otherwise for development.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from fhir_api.access.caller import Caller
from fhir_api.errors import Forbidden, InvalidRequest
from fhir_api.json_text import parse
from fhir_api.routes.bodies import body_reader
from fhir_api.routes.outcome import FhirRoute
from fhir_api.smart.context import Context, launch_context
from fhir_api.smart.parts import SmartParts

LARGEST = 64 << 10  # bytes
PATH = "/fhir/_services/smart/Launch"


def register(
    router: APIRouter, parts: SmartParts, authenticate: Callable[[Request], Caller]
) -> None:
    """Add the route."""
    launches = APIRouter(route_class=FhirRoute, tags=["SMART"])
    read_body = Depends(body_reader(LARGEST))

    @launches.post(PATH)
    def launch(request: Request, data: Annotated[bytes, read_body]) -> Response:
        caller = None if parts.open_launch else authenticate(request)
        context = context_of(parse(data))
        if caller is not None:
            demand_right(caller, context)
        return JSONResponse({"launch_id": parts.launches.open(context, parts.now())})

    router.include_router(launches)


def context_of(body: Any) -> Context:
    """The context in a request; raises InvalidRequest (400)."""
    given = body.get("parameters", {}) if isinstance(body, dict) else None
    if not isinstance(given, dict):
        raise InvalidRequest('Send {"launch_url": …, "parameters": {"patient": …}}.', "parameters")
    return launch_context(given)


def demand_right(caller: Caller, context: Context) -> None:
    """Refuse a caller without the scope, and one that opens another patient than its own."""
    if "launch" not in caller.scopes.split() and caller.client != "anonymous":
        raise Forbidden("launch", "an app")
    if caller.patient is not None and caller.patient != context.patient:
        raise Forbidden("launch", "an app")
