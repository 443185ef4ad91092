"""FHIR search: of one type and of all, by GET and by POST, and inside a compartment.

https://hl7.org/fhir/R4/search.html. A parameter that is not served is refused, unless the caller
sends `Prefer: handling=lenient`: an ignored parameter answers another question than was asked.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.audit.access import about
from fhir_api.errors import InvalidRequest, UnknownPlace
from fhir_api.routes.addresses import known_id, known_type
from fhir_api.routes.forms import Parameters, form_reader
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.preferring import lenient
from fhir_api.routes.searchset import searchset
from fhir_api.search.r4.offer import ANY_TYPE
from fhir_api.search.sql.matching import COMPARTMENTS
from fhir_api.search.sql.question import Question


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of these interactions; they come before read, create and transaction."""
    form = Depends(form_reader())

    @router.get("", name="search-system", include_in_schema=False)
    @router.get("/", name="search-system")
    def search_system(request: Request) -> Response:
        if not request.query_params:
            raise InvalidRequest("Say what to search for, such as _type or _id.", "http")
        return answer(api, request, ANY_TYPE, request.query_params.multi_items())

    @router.post("/_search", name="search-system")
    def search_system_by_form(request: Request, given: Annotated[Parameters, form]) -> Response:
        return answer(api, request, ANY_TYPE, given)

    @router.get("/{resource_type}", name="search-type")
    def search(resource_type: str, request: Request) -> Response:
        kind = known_type(resource_type)
        return answer(api, request, kind, request.query_params.multi_items())

    @router.post("/{resource_type}/_search", name="search-type")
    def search_by_form(
        resource_type: str, request: Request, given: Annotated[Parameters, form]
    ) -> Response:
        return answer(api, request, known_type(resource_type), given)

    @router.get("/{compartment}/{id_}/{resource_type}", name="search-type")
    def search_compartment(
        compartment: str, id_: str, resource_type: str, request: Request
    ) -> Response:
        if compartment not in COMPARTMENTS:
            raise UnknownPlace
        within = compartment, known_id(compartment, id_)
        given = request.query_params.multi_items()
        return answer(api, request, known_type(resource_type), given, within)


def answer(
    api: FhirApi,
    request: Request,
    resource_type: str,
    given: Parameters,
    within: tuple[str, str] | None = None,
) -> Response:
    """The Bundle of one page."""
    caller = api.authenticate(request)
    about(request, query=given)
    question = Question(
        resource_type, given, caller, None, lenient(request), within, most=api.limits.page
    )
    return searchset(api, caller, request, api.search.answer(None, question))
