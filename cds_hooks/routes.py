"""The addresses of CDS Hooks: discovery, each service, and feedback on its cards.

https://cds-hooks.hl7.org/2.0/#http-methods
"""

import logging
from typing import Any

from fastapi import APIRouter, Request, Response

from cds_hooks.answer import answer
from cds_hooks.discovery import discovery_document, service_named
from cds_hooks.errors import MethodNotAllowed, UnknownService
from cds_hooks.feedback import FeedbackRead, read_feedback, store_feedback
from cds_hooks.hooks.definition import HookService
from cds_hooks.latency import Stopwatch
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
        return json_response(200, discovery_document())

    @router.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request) -> Response:
        try:
            service = service_named(service_id)
        except UnknownService as error:
            return refusal(error)
        return await respond(
            parts, service.id, request, lambda body, watch: _answered(parts, service, body, watch)
        )

    @router.post("/cds-services/{service_id}/feedback")
    async def feedback(service_id: str, request: Request) -> Response:
        try:
            service = service_named(service_id)
        except UnknownService as error:
            return refusal(error)
        return await respond(
            parts,
            f"{service.id}/feedback",
            request,
            lambda body, _: _heard(parts, service, body),
        )

    @router.api_route("/cds-services", methods=NOT_GET, include_in_schema=False)
    def not_discovery() -> Response:
        return refusal(MethodNotAllowed("GET"))

    @router.api_route("/cds-services/{service_id}", methods=NOT_POST, include_in_schema=False)
    @router.api_route(
        "/cds-services/{service_id}/feedback", methods=NOT_POST, include_in_schema=False
    )
    def not_call(service_id: str) -> Response:  # noqa: ARG001 - part of the address
        return refusal(MethodNotAllowed("POST"))

    return router


def _answered(
    parts: CdsService, service: HookService, body: bytes, watch: Stopwatch
) -> dict[str, Any]:
    with watch.part("request"):
        call = read_call(parse(body), service, require_https=parts.options.require_https)
    answered = answer(parts, call, watch)
    logger.info("%s %s answered in %.1f ms", service.id, call.hook_instance, 1000 * watch.seconds())
    return answered


def _heard(parts: CdsService, service: HookService, body: bytes) -> dict[str, Any]:
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
