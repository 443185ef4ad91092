"""The addresses of CDS Hooks: discovery, each service, and feedback on its cards.

https://cds-hooks.hl7.org/2.0/#http-methods
"""

import logging
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from cds_hooks.answer import answer
from cds_hooks.discovery import SERVICES, discovery_document, service_named
from cds_hooks.errors import MethodNotAllowed
from cds_hooks.feedback import FeedbackRead, read_feedback, store_feedback
from cds_hooks.latency import Stopwatch
from cds_hooks.recording import on_record
from cds_hooks.request import read_call
from cds_hooks.responding import json_response, refusal, respond
from cds_hooks.service import CdsService
from fhir_api.json_text import parse

logger = logging.getLogger("homeward.cds_hooks")

NOT_GET = ["POST", "PUT", "PATCH", "DELETE"]
NOT_POST = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]


def build_router(parts: CdsService) -> APIRouter:
    """The routes over the parts the front door made; CORS and authentication are its own."""
    router = APIRouter(tags=["cds-hooks"])

    @router.get("/cds-services")
    def discovery() -> Response:
        """Which services there are."""
        return json_response(200, discovery_document())

    @router.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request) -> Response:
        """Answer one hook call."""
        work = partial(_answered, parts, service_id)
        return await respond(parts, _label(service_id), request, work)

    @router.post("/cds-services/{service_id}/feedback")
    async def feedback(service_id: str, request: Request) -> Response:
        """Take in what clinicians did with cards."""
        work = partial(_heard, parts, service_id)
        return await respond(parts, f"{_label(service_id)}/feedback", request, work)

    @router.api_route("/cds-services", methods=NOT_GET, include_in_schema=False)
    def not_discovery() -> Response:
        """Refuse another method than GET."""
        return refusal(MethodNotAllowed("GET"))

    @router.api_route("/cds-services/{service_id}", methods=NOT_POST, include_in_schema=False)
    @router.api_route(
        "/cds-services/{service_id}/feedback", methods=NOT_POST, include_in_schema=False
    )
    def not_call(service_id: str) -> Response:  # noqa: ARG001 - part of the address
        """Refuse another method than POST."""
        return refusal(MethodNotAllowed("POST"))

    return router


def _label(service_id: str) -> str:
    """Name of a service for the metrics; strangers share one, so that nobody can invent labels."""
    known = {service.id for service in SERVICES}
    return service_id if service_id in known else "unknown"


def _answered(parts: CdsService, service_id: str, body: bytes, watch: Stopwatch) -> dict[str, Any]:
    service = service_named(service_id)
    with watch.part("request"):
        call = read_call(parse(body), service, require_https=parts.options.require_https)
    with on_record(parts, call):
        answered = answer(parts, call, watch)
    logger.info("%s %s answered in %.1f ms", service.id, call.hook_instance, 1000 * watch.seconds())
    return answered


def _heard(parts: CdsService, service_id: str, body: bytes, _: Stopwatch) -> dict[str, Any]:
    service = service_named(service_id)
    read = read_feedback(parse(body))
    stored = store_feedback(parts.engine, parts.site, service.id, read.items, parts.now())
    for item in read.items:
        parts.metrics.feedback.labels(service.id, item.outcome).inc()
    return _receipt(read, stored)


def _receipt(read: FeedbackRead, stored: int) -> dict[str, Any]:
    """An OperationOutcome that says what was stored, and what could not be."""
    told = {
        "severity": "information",
        "code": "informational",
        "diagnostics": f"{stored} of {len(read.items)} answers were new and are stored.",
    }
    wrong = [issue.as_fhir() for issue in read.issues]
    return {"resourceType": "OperationOutcome", "issue": [told, *wrong]}
