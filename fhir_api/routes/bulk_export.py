"""$export of the system, of all patients, and of a group of them.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-kick-off-request
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from fhir_api.bulk.asked import Kickoff, Level, read_asked
from fhir_api.bulk.kickoff import Request as Export
from fhir_api.bulk.kickoff import begin_export, members_of
from fhir_api.bulk.parameters import from_resource
from fhir_api.bulk.parts import BulkParts
from fhir_api.routes.addresses import known_id
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.bulk_status import accepted
from fhir_api.routes.parts import FhirApi

LARGEST = 1_000_000  # bytes of a Parameters resource
Prefer = Annotated[str, Header()]
ReadBody = Annotated[bytes, Depends(body_reader(LARGEST))]
Given = Sequence[tuple[str, str]]


def register(router: APIRouter, api: FhirApi, parts: BulkParts) -> None:
    """Add the routes of these operations."""

    def begin(
        level: Level, request: Request, prefer: str, given: Given, group: str = ""
    ) -> Response:
        caller = api.authenticate(request)
        presenter = api.presenter(caller)
        posted = request.method == "POST"
        kickoff = Kickoff(level, parts.clock(), posted, "handling=lenient" in prefer)
        asked = read_asked(given, kickoff)
        members = None
        if level == "group":
            stored = presenter.stored_id("Group", known_id("Group", group))
            members = members_of(parts, caller, api.store.read("Group", stored))
        url = api.base(request) + request.url.path.partition("/fhir")[2]
        query = f"?{request.url.query}" if request.url.query else ""
        job = begin_export(parts, asked, Export(level, url + query, caller, presenter, members))
        return accepted(api, request, job)

    @router.get("/$export", name="export")
    def export(request: Request, prefer: Prefer = "") -> Response:
        return begin("system", request, prefer, request.query_params.multi_items())

    @router.post("/$export", name="export-by-post")
    def export_posted(request: Request, data: ReadBody, prefer: Prefer = "") -> Response:
        return begin("system", request, prefer, from_resource(parsed_object(data)))

    @router.get("/Patient/$export", name="export-patient")
    def export_patient(request: Request, prefer: Prefer = "") -> Response:
        return begin("patient", request, prefer, request.query_params.multi_items())

    @router.post("/Patient/$export", name="export-patient-by-post")
    def export_patient_posted(request: Request, data: ReadBody, prefer: Prefer = "") -> Response:
        return begin("patient", request, prefer, from_resource(parsed_object(data)))

    @router.get("/Group/{id_}/$export", name="export-group")
    def export_group(id_: str, request: Request, prefer: Prefer = "") -> Response:
        return begin("group", request, prefer, request.query_params.multi_items(), id_)

    @router.post("/Group/{id_}/$export", name="export-group-by-post")
    def export_group_posted(
        id_: str, request: Request, data: ReadBody, prefer: Prefer = ""
    ) -> Response:
        return begin("group", request, prefer, from_resource(parsed_object(data)), id_)
