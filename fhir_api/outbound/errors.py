"""What can go wrong when we ask another server; no message holds the address that was given."""

from typing import ClassVar

from fhir_api.errors import FhirError


class NotAllowed(FhirError):
    """The address is not on the site's list, or leads where no request may go."""

    status: ClassVar[int] = 422
    issue: ClassVar[str] = "security"

    def __init__(self) -> None:
        super().__init__(
            "The address is not on this site's list of sources, or leads to a private network. "
            "It was not asked; have its origin put on the list."
        )


class Unreachable(FhirError):
    """The server is allowed, and gave no answer that could be used."""

    status: ClassVar[int] = 502
    issue: ClassVar[str] = "transient"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The other server was asked and {problem}. Try again in a while.")
