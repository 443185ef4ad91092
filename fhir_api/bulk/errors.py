"""What bulk operations refuse, and how a worker is told to stop.

    FhirError
    ├── NoSuchJob          404  not-found
    ├── TooManyRequests    429  throttled
    └── JobFailed          500  exception

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---error-status-1
"""

from typing import ClassVar

from fhir_api.errors import FhirError


class NoSuchJob(FhirError):
    """No job has this address, or it is another client's: both are answered alike."""

    status: ClassVar[int] = 404
    issue: ClassVar[str] = "not-found"

    def __init__(self) -> None:
        super().__init__(
            "No job of yours is here. It may have been deleted or have expired; begin a new one."
        )


class TooManyRequests(FhirError):
    """The client has as many jobs as it may, or asks too often."""

    status: ClassVar[int] = 429
    issue: ClassVar[str] = "throttled"

    def __init__(self, what: str, retry_after_s: int) -> None:
        super().__init__(f"{what} Wait {retry_after_s} seconds and try again.")
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """So that a client knows how long to wait."""
        return {"Retry-After": str(self.retry_after_s)}


class JobFailed(FhirError):
    """The job came to its end without a result; asking again gives the same answer."""

    status: ClassVar[int] = 500
    issue: ClassVar[str] = "exception"


class LeaseLost(Exception):
    """The job was deleted, or another worker has it: what is half done is to be left."""
