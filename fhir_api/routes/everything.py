"""FHIR Patient/$everything, of one patient and of all that the caller may see.

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from fhir_api.bulk.parameters import from_resource
from fhir_api.errors import ResourceNotFound
from fhir_api.routes.addresses import known_id
from fhir_api.routes.bodies import body_reader, parsed_object
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.searchset import searchset
from fhir_api.search.everything import everything
from fhir_api.search.sql.question import Parameters
from privacy.compartment import PATIENT

LARGEST = 1_000_000  # bytes of a Parameters resource
ReadBody = Annotated[bytes, Depends(body_reader(LARGEST))]


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of this operation, before those that serve every type."""

    @router.get("/Patient/$everything", name="everything")
    def of_all(request: Request) -> Response:
        return answer_for_all(api, request, request.query_params.multi_items())

    @router.post("/Patient/$everything", name="everything-by-post")
    def of_all_posted(request: Request, data: ReadBody) -> Response:
        return answer_for_all(api, request, from_resource(parsed_object(data)))

    @router.get("/Patient/{id_}/$everything", name="everything")
    def of_one(id_: str, request: Request) -> Response:
        return answer_for_one(api, request, id_, request.query_params.multi_items())

    @router.post("/Patient/{id_}/$everything", name="everything-by-post")
    def of_one_posted(id_: str, request: Request, data: ReadBody) -> Response:
        return answer_for_one(api, request, id_, from_resource(parsed_object(data)))


def answer_for_all(api: FhirApi, request: Request, given: Parameters) -> Response:
    """One page of the records of every patient that the caller may see."""
    caller = api.authenticate(request)
    caller.limits("search", PATIENT)
    return answer(api, request, None, given)


def answer_for_one(api: FhirApi, request: Request, id_: str, given: Parameters) -> Response:
    """One page of the records of a patient, by the caller's own id."""
    caller = api.authenticate(request)
    presenter = api.presenter(caller)
    patient = presenter.stored_id(PATIENT, known_id(PATIENT, id_))
    limits = caller.limits("read", PATIENT)
    with api.store.engine.connect() as connection:
        if not api.search.permitted(connection, PATIENT, [patient], limits):
            raise ResourceNotFound(PATIENT)
    return answer(api, request, patient, given, presenter.real)


def answer(
    api: FhirApi,
    request: Request,
    patient: str | None,
    given: Parameters,
    named: dict[str, str] | None = None,
) -> Response:
    """One page of the records; those that follow are asked for by GET."""
    caller = api.authenticate(request)
    page = everything(partial(api.search.answer, None), caller, patient, given)
    page.named |= named or {}
    return searchset(api, caller, request, page)
