"""What a request is refused for before its content is read: its method, address, headers, pace.

    FhirError
    ├── InvalidRequest
    │   └── TokenInAddress   400  security
    ├── MethodNotAllowed     405  not-supported
    ├── NotAcceptable        406  not-supported
    ├── SlowUpload           408  timeout
    ├── AddressTooLong       414  too-long
    ├── HeadersTooLarge      431  too-long
    └── HttpRefusal          (of the framework)

Source: https://hl7.org/fhir/R4/http.html and RFC 9110. The `expression` of a request's own parts
begins with `http`, as https://hl7.org/fhir/R4/operationoutcome.html has it.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar

from fhir_api.errors import FhirError, InvalidRequest


class TokenInAddress(InvalidRequest):
    """An access token stands in the address, where logs and histories keep it."""

    issue = "security"

    def __init__(self) -> None:
        super().__init__(
            "An access token must not stand in the address. Every log on the way has it now: "
            "revoke it, and send a new one in Authorization: Bearer.",
            "http.access_token",
        )


class MethodNotAllowed(FhirError):
    """The path is served, but not with this method."""

    status = 405
    issue = "not-supported"

    def __init__(self, allowed: Sequence[str], reason: str = "") -> None:
        answers = ", ".join(allowed)
        super().__init__(" ".join(filter(None, (f"This path answers {answers}.", reason))), "http")
        self.allowed = answers

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": self.allowed}


class NotAcceptable(FhirError):
    """The caller asks for a format that is not written here."""

    status = 406
    issue = "not-supported"

    def __init__(self, place: str) -> None:
        super().__init__("Answers are application/fhir+json; ask for that.", place)


class SlowUpload(FhirError):
    """A body that comes too slowly holds a place that others wait for."""

    status = 408
    issue = "timeout"

    def __init__(self, bytes_per_second: int) -> None:
        super().__init__(
            f"The body came at less than {bytes_per_second:,} bytes a second. Nothing was stored."
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Connection": "close"}


class AddressTooLong(FhirError):
    """The address of the request is longer than the server reads."""

    status = 414
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The address is over {limit:,} bytes. Send a search as POST [type]/_search.", "http"
        )


class HeadersTooLarge(FhirError):
    """The headers of the request are longer than the server reads."""

    status = 431
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The headers are over {limit:,} bytes together. Send fewer.", "http")


class HttpRefusal(FhirError):
    """What the web framework refused, in words of FHIR."""

    codes: ClassVar = {401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported"}

    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{HTTPStatus(status).phrase}.", "http")
        self.status = status  # type: ignore[misc]
        self.issue = self.codes.get(status, "processing")  # type: ignore[misc]
        self.given = dict(headers or {})

    @property
    def headers(self) -> dict[str, str]:
        return self.given
