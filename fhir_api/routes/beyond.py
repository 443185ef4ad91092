"""Refusals that the web framework makes before any route is asked, in words of FHIR too.

A method that HTTP does not know, or a path that no route fits, never reaches a route of ours.
"""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from fhir_api.routes.outcome import refusal, refused
from fhir_api.routes.parts import PREFIX


def answer_beyond_routes(app: FastAPI, prefix: str = PREFIX) -> None:
    """Make the refusals of an application OperationOutcomes where a path begins with `prefix`."""

    async def of_http(request: Request, error: Any) -> Response:
        if request.url.path.startswith(prefix):
            return refusal(refused(error), request)
        return await http_exception_handler(request, error)

    async def of_validation(request: Request, error: Any) -> Response:
        if request.url.path.startswith(prefix):
            return refusal(refused(error), request)
        return await request_validation_exception_handler(request, error)

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
