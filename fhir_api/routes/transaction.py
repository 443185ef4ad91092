"""FHIR transaction and batch: store every entry of a Bundle or none, or each for itself.

https://hl7.org/fhir/R4/http.html#transaction
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from fhir_api.errors import InvalidRequest
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.ingest.response import batch_response, transaction_response
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.outcome import fhir_response
from fhir_api.routes.parts import FhirApi


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of this interaction."""
    read_body = Depends(body_reader(api.largest_body))

    @router.post("", name="transaction", include_in_schema=False)
    @router.post("/", name="transaction")
    def transaction(data: Annotated[bytes, read_body]) -> Response:
        return fhir_response(answer(parsed_object(data), api.ingestor))


def answer(bundle: dict[str, Any], ingestor: Ingestor) -> dict[str, Any]:
    """The response Bundle; raises FhirError when nothing could be stored."""
    if bundle.get("resourceType") != "Bundle":
        message = "A Bundle is posted here; post a single resource to its type."
        raise InvalidRequest(message, "Bundle.resourceType")
    if bundle.get("type") == "transaction":
        return transaction_response(ingestor.transaction(bundle))
    if bundle.get("type") == "batch":
        return batch_response(ingestor.batch(bundle))
    raise InvalidRequest("Bundle.type must be transaction or batch.", "Bundle.type")
