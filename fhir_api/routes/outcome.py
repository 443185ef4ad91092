"""Every answer as FHIR JSON, and every error as an OperationOutcome."""

import logging
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from fhir_api.errors import FhirError, OurMistake, to_outcome
from fhir_api.json_text import dump

LOG = logging.getLogger("homeward.fhir")
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
            except HTTPException:
                raise
            except Exception as error:
                log_mistake(error)
                return fhir_response(to_outcome(OurMistake(error)), OurMistake.status)

        return answer


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
