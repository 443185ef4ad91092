"""Bulk operations as routes, where the front door gives what they need."""

from fastapi import APIRouter

from fhir_api.routes import bulk_export, bulk_import, bulk_status, bulk_submit
from fhir_api.routes.parts import FhirApi


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of export, import and submission; none where no folder for files is given."""
    if api.bulk is None:
        return
    bulk_export.register(router, api, api.bulk)
    bulk_import.register(router, api, api.bulk)
    bulk_submit.register(router, api, api.bulk)
    bulk_status.register(router, api, api.bulk)
