"""How much of a resource a read wants: `_summary` and `_elements`.

https://hl7.org/fhir/R4/search.html#summary; the specification allows both on a read.
"""

from fastapi import Request

from fhir_api.errors import InvalidRequest
from fhir_api.routes.history_parameters import applied
from fhir_api.search.query.controls import Controls, set_elements, set_summary

SERVED = ("_elements", "_summary")


def shape_of(request: Request) -> Controls:
    """What is wanted; raises UnknownParameter (400) for what a read does not know."""
    controls = Controls()
    for name, value in applied(request, SERVED):
        if name == "_elements":
            set_elements(controls, value)
        elif value == "count":
            raise InvalidRequest(
                "_summary=count is for searches; a read finds one.", "http._summary"
            )
        elif name == "_summary":
            set_summary(controls, value)
    return controls
