"""Every answer as FHIR JSON, and every error as an OperationOutcome."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from fhir_api.errors import FhirError, to_outcome
from fhir_api.json_text import dump

FHIR_JSON = "application/fhir+json"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FhirRoute(APIRoute):
    """A route whose refusals are OperationOutcomes."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except FhirError as error:
                return fhir_response(to_outcome(error), error.status)

        return answer


def fhir_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A FHIR JSON answer; without a body when it is None."""
    content = b"" if body is None else dump(body)
    return Response(content, status, headers, FHIR_JSON if content else None)
