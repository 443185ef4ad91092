"""$bulk-submit and $bulk-submit-status: manifests in, de-identified resources back.

https://build.fhir.org/ig/HL7/bulk-data/en/submit.html (STU 4 ballot)
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.access.caller import ANY, Caller, Limit
from fhir_api.access.scopes import SUBMISSION
from fhir_api.bulk.errors import NoSuchJob
from fhir_api.bulk.parts import BulkParts
from fhir_api.bulk.submissions import receive, token_of
from fhir_api.bulk.submit_asked import read_status, read_submission
from fhir_api.errors import Forbidden
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.bulk_status import accepted
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi

LARGEST = 1_000_000  # bytes of a request
WRITE = {"create", "update", "delete"}
TAKEN_DOWN = {
    "severity": "information",
    "code": "informational",
    "diagnostics": "Taken down. Ask $bulk-submit-status for what becomes of it.",
}


def register(router: APIRouter, api: FhirApi, parts: BulkParts) -> None:
    """Add the routes of these operations."""
    read_body = Depends(body_reader(LARGEST))

    @router.post("/$bulk-submit", name="bulk-submit")
    def bulk_submit(request: Request, data: Annotated[bytes, read_body]) -> Response:
        caller = submitter(api, request)
        asked = read_submission(parsed_object(data), parts.sources.allowed)
        url = f"{api.base(request)}/$bulk-submit"
        receive(parts.jobs, caller.client, asked, url, parts.now())
        return fhir_response({"resourceType": "OperationOutcome", "issue": [TAKEN_DOWN]})

    @router.post("/$bulk-submit-status", name="bulk-submit-status")
    def bulk_submit_status(request: Request, data: Annotated[bytes, read_body]) -> Response:
        caller = submitter(api, request)
        asked = read_status(parsed_object(data))
        with parts.engine.begin() as connection:
            job = parts.jobs.find(connection, token_of(parts.jobs, caller.client, asked))
        if job is None:
            raise NoSuchJob
        return accepted(api, request, job.id)


def submitter(api: FhirApi, request: Request) -> Caller:
    """Who asks, if they may submit: by the scope for it, or because they may write everything."""
    caller = api.authenticate(request)
    everything = any(
        each.resource_type == ANY and each.limit == Limit() and each.interactions >= WRITE
        for each in caller.grants
    )
    if SUBMISSION not in caller.scopes.split() and not everything:
        raise Forbidden("bulk-submit", "any type")
    return caller
