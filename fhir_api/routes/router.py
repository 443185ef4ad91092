"""All interactions as one router, for the front door to mount under a prefix such as `/fhir`."""

from fastapi import APIRouter

from fhir_api.errors import UnknownPlace
from fhir_api.routes import capabilities, read, search, subscriptions, transaction, validate, write
from fhir_api.routes.outcome import FhirRoute
from fhir_api.routes.parts import FhirApi

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_router(api: FhirApi) -> APIRouter:
    """Every FHIR interaction that is served, each answering errors with an OperationOutcome."""
    router = APIRouter(route_class=FhirRoute, tags=["FHIR"])
    transaction.register(router, api)
    subscriptions.register(router, api)
    read.register(router, api)
    write.register(router, api)
    capabilities.register(router)
    search.register(router, api)
    validate.register(router, api)
    for path in ("", "/{_rest:path}"):
        router.add_api_route(path, nothing, methods=METHODS, include_in_schema=False)
    return router


def nothing() -> None:
    """The answer to every other path and method."""
    raise UnknownPlace
