"""The body of a POST _search: parameters in a form, as an address would hold them.

https://hl7.org/fhir/R4/http.html#search
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from fastapi import Request

from fhir_api.errors import FhirError, InvalidRequest
from fhir_api.routes.bodies import body_reader

FORM = "application/x-www-form-urlencoded"
LONGEST = 1_000_000  # bytes
Parameters = list[tuple[str, str]]


class NotAForm(FhirError):
    """The body of a search is sent as something else than a form."""

    status = 415
    issue = "not-supported"

    def __init__(self) -> None:
        super().__init__(f"Send the parameters of _search as {FORM} in UTF-8.", "http.Content-Type")


def form_reader() -> Callable[[Request], Awaitable[Parameters]]:
    """A dependency that reads the parameters of a search from address and body together."""
    read_body = body_reader(LONGEST, {FORM})

    async def read_form(request: Request) -> Parameters:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FORM:
            raise NotAForm
        try:
            body = (await read_body(request)).decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("The form is not in UTF-8.", "http") from error
        return [*request.query_params.multi_items(), *parse_qsl(body, keep_blank_values=True)]

    return read_form
