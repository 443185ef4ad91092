"""HTTP around a hook: the body in, a response out, every failure an OperationOutcome."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from cds_hooks.errors import CallTooLarge, InternalFailure, MethodNotAllowed, NotJson
from cds_hooks.latency import Stopwatch
from cds_hooks.service import CdsService
from fhir_api.errors import FhirError, StoreUnavailable, to_outcome
from fhir_api.json_text import dump

logger = logging.getLogger("homeward.cds_hooks")

JSON = "application/json"
Work = Callable[[bytes, Stopwatch], dict[str, Any]]


async def respond(parts: CdsService, service: str, request: Request, work: Work) -> Response:
    """Run `work` on the body in a thread, and count and log the call without its content.

    Args:
        parts: Of the server.
        service: What the metrics call it.
        request: Whose body is read, up to the site's limit.
        work: Body to answer; may raise FhirError.
    """
    watch = Stopwatch()
    try:
        body = await read_body(request, parts.options.maximum_body_bytes)
        response = json_response(200, await run_in_threadpool(work, body, watch))
    except FhirError as error:
        response = refusal(error)
    except (OperationalError, PoolTimeout):
        response = refusal(StoreUnavailable())
    except Exception as error:
        logger.error("%s failed: %s at %s", service, type(error).__name__, _place(error))  # noqa: TRY400 - a traceback would print values
        response = refusal(InternalFailure())
    response.headers["Server-Timing"] = watch.server_timing()
    parts.metrics.observe_request(service, response.status_code, watch.seconds())
    parts.metrics.observe_parts(watch.parts)
    return response


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a JSON request.

    Raises:
        NotJson: By its content type.
        CallTooLarge: As soon as more than `limit` bytes have come.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON and not media_type.endswith("+json"):
        raise NotJson
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise CallTooLarge(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def refusal(error: FhirError) -> Response:
    """The OperationOutcome of an error with its status."""
    response = json_response(error.status, to_outcome(error))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = error.allowed
    return response


def json_response(status: int, value: dict[str, Any]) -> Response:
    """JSON with decimals as they are written."""
    return Response(dump(value), status_code=status, media_type=JSON)


def _place(error: BaseException) -> str:
    """File and line an exception came from; its message may hold values and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
