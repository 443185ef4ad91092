"""FHIR Patient/$everything, of one patient and of all that the caller may see.

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from functools import partial

from fastapi import APIRouter, Request, Response

from fhir_api.access.caller import Caller
from fhir_api.errors import ResourceNotFound
from fhir_api.routes.addresses import known_id
from fhir_api.routes.parts import FhirApi
from fhir_api.routes.searchset import searchset
from fhir_api.search.everything import everything
from privacy.compartment import PATIENT


def register(router: APIRouter, api: FhirApi) -> None:
    """Add the routes of this operation, before those that serve every type."""

    @router.get("/Patient/$everything", name="everything")
    def of_all(request: Request) -> Response:
        caller = api.authenticate(request)
        caller.limits("search", PATIENT)
        return answer(api, caller, request, None)

    @router.get("/Patient/{id_}/$everything", name="everything")
    def of_one(id_: str, request: Request) -> Response:
        caller = api.authenticate(request)
        presenter = api.presenter(caller)
        patient = presenter.stored_id(PATIENT, known_id(PATIENT, id_))
        limits = caller.limits("read", PATIENT)
        with api.store.engine.connect() as connection:
            if not api.search.permitted(connection, PATIENT, [patient], limits):
                raise ResourceNotFound(PATIENT)
        return answer(api, caller, request, patient, presenter.real)


def answer(
    api: FhirApi,
    caller: Caller,
    request: Request,
    patient: str | None,
    named: dict[str, str] | None = None,
) -> Response:
    """One page of the records."""
    given = request.query_params.multi_items()
    page = everything(partial(api.search.answer, None), caller, patient, given)
    page.named |= named or {}
    return searchset(api, caller, request, page)
