"""$import: resources from files on servers that the site has on its list.

https://github.com/smart-on-fhir/bulk-import/blob/master/import-pnp.md
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.bulk.import_asked import demand_writer, read_import
from fhir_api.bulk.kickoff import refuse_too_many
from fhir_api.bulk.parts import BulkParts
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.bulk_status import accepted
from fhir_api.routes.parts import FhirApi

LARGEST = 10_000_000  # bytes of a request


def register(router: APIRouter, api: FhirApi, parts: BulkParts) -> None:
    """Add the route of this operation."""

    @router.post("/$import", name="import")
    def import_(
        request: Request, data: Annotated[bytes, Depends(body_reader(LARGEST))]
    ) -> Response:
        caller = api.authenticate(request)
        inputs = read_import(parsed_object(data), parts.sources.allowed)
        demand_writer(caller, inputs)
        asked = {
            "url": f"{api.base(request)}/$import",
            "needs_token": parts.needs_token,
            "input": [[each.resource_type, each.url] for each in inputs],
        }
        with parts.engine.begin() as connection:
            refuse_too_many(parts, connection, caller.client, "import")
            job = parts.jobs.add(connection, "import", caller.client, asked, {"now": parts.now()})
        return accepted(api, request, job)
