"""All interactions as one router, for the front door to mount under a prefix such as `/fhir`."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from fhir_api.errors import UnknownPlace
from fhir_api.routes import (
    audit_events,
    bulk_operations,
    capabilities,
    everything,
    history,
    read,
    search,
    subscriptions,
    transaction,
    validate,
    write,
)
from fhir_api.routes.outcome import REST, FhirRoute, is_plausible, route_of
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.served import CLOSED
from fhir_api.routes.transport import MethodNotAllowed
from fhir_api.validation.elements import resource_types

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def build_router(api: FhirApi) -> APIRouter:
    """Every FHIR interaction that is served, each answering errors with an OperationOutcome.

    The first route that fits a path answers it, so what names its path whole comes before what
    serves every type.
    """
    router = APIRouter(route_class=route_of(api), tags=["FHIR"])
    audit_events.register(router, api)
    bulk_operations.register(router, api)
    transaction.register(router, api)
    history.register(router, api)
    subscriptions.register(router, api)
    everything.register(router, api)
    read.register(router, api)
    write.register(router, api)
    capabilities.register(router, api)
    search.register(router, api)
    validate.register(router, api)
    register_the_rest(router)
    put_first(router, "/{resource_type}/{id_}", "GET")
    return router


def put_first(router: APIRouter, path: str, method: str) -> None:
    """Ask first whether a route fits that is asked for most; trying all takes as long as reading.

    Types whose instances are served by routes before it are left to those.
    """
    routes = [
        each for each in router.routes
        if isinstance(each, FhirRoute) and method in (each.methods or ())
    ]  # fmt: skip
    hot = next(each for each in routes if each.path == path)
    before = routes[: routes.index(hot)]
    hot.elsewhere = frozenset(
        kind for kind in resource_types() if any(fits(each, f"/{kind}/1") for each in before)
    )
    router.routes.remove(hot)
    router.routes.insert(0, hot)


def register_the_rest(router: APIRouter) -> None:
    """The answer to every other path and method."""

    def nothing(request: Request) -> None:
        allowed = methods_of(router, "/" + request.path_params.get(REST, ""))
        if allowed:
            raise MethodNotAllowed(allowed)
        raise UnknownPlace

    for path in ("", f"/{{{REST}:path}}"):
        router.add_api_route(path, nothing, methods=METHODS, name=CLOSED)


def methods_of(router: APIRouter, path: str) -> list[str]:
    """The methods that a path is served with; none when nothing is at this path."""
    found = [each for each in router.routes if isinstance(each, APIRoute) and each.name != CLOSED]
    return sorted({method for each in found if fits(each, path) for method in each.methods or ()})


def fits(route: APIRoute, path: str) -> bool:
    """Whether a route serves a path with any method."""
    match = route.path_regex.match(path if route.path else path.rstrip("/"))
    return match is not None and is_plausible(match.groupdict())
