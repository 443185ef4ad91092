"""FHIR transaction and batch: carry out every entry of a Bundle or none, or each for itself.

https://hl7.org/fhir/R4/http.html#transaction. A history is taken in too, oldest version first.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.audit.access import about
from fhir_api.errors import InvalidRequest
from fhir_api.ingest.parts import Sender
from fhir_api.ingest.response import Answering
from fhir_api.ingest.results import Fetched, Result, Stored
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.preferring import preferred
from fhir_api.routes.searchset import page_bundle

ANSWERS = {
    "transaction": "transaction-response",
    "batch": "batch-response",
    "history": "batch-response",
}


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of this interaction."""
    read_body = Depends(body_reader(api.largest_body))

    @router.post("", name="transaction", include_in_schema=False)
    @router.post("/", name="transaction")
    def transaction(request: Request, data: Annotated[bytes, read_body]) -> Response:
        return fhir_response(answer(parsed_object(data), request, api))


def answer(bundle: dict[str, Any], request: Request, api: FhirApi) -> dict[str, Any]:
    """The response Bundle; raises FhirError when nothing could be stored."""
    caller = api.authenticate(request)
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle":
        message = "A Bundle is posted here; post a single resource to its type."
        raise InvalidRequest(message, "Bundle.resourceType")
    if not isinstance(kind, str) or kind not in ANSWERS:
        raise InvalidRequest("Bundle.type must be transaction, batch or history.", "Bundle.type")
    about(request, interaction="transaction" if kind == "transaction" else "batch")
    wanted = preferred(request, "minimal")
    results = carried_out(bundle, api, Sender(caller, wanted))
    record(request, results)
    base = api.base(request)

    def searched(found: Fetched) -> dict[str, Any]:
        address = f"{base}/{found.entry.resource_type}"
        return page_bundle(api, caller, found.page, base, address)

    return Answering(api.presenter(caller), wanted, searched).bundle(ANSWERS[kind], results)


def carried_out(bundle: dict[str, Any], api: FhirApi, sender: Sender) -> list[Result]:
    """What became of each entry."""
    if bundle["type"] == "transaction":
        return api.ingestor.transaction(bundle, sender)
    if bundle["type"] == "batch":
        return api.ingestor.batch(bundle, sender)
    return api.ingestor.history(bundle, sender)


def record(request: Request, results: list[Result]) -> None:
    """Tell the audit trail whose records were seen or changed."""
    rows = [each.row for each in results if isinstance(each, Stored | Fetched) and each.row]
    pages = [each.page for each in results if isinstance(each, Fetched) and each.page]
    rows += [row for page in pages for row in (*page.rows, *page.included)]
    changed = [each for each in results if isinstance(each, Stored) and each.written.version]
    about(
        request,
        patients={row.patient_id for row in rows},
        resources={"/".join(each.stored) for each in changed},
    )
