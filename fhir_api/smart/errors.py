"""What the authorization server refuses outside OAuth's own error codes.

FhirError
├── InvalidRegistration     400  invalid
├── UnknownClient           404  not-found
└── TokenInUrl              400  security
"""

from typing import ClassVar

from fhir_api.errors import FhirError


class InvalidRegistration(FhirError):
    """A client or user cannot be registered as described; nothing was changed."""

    status: ClassVar[int] = 400
    issue: ClassVar[str] = "invalid"

    def __init__(self, place: str, expected: str) -> None:
        super().__init__(f"{place} must be {expected}. Nothing was registered.", place)


class UnknownClient(FhirError):
    """No client, or no user, is registered under this name."""

    status: ClassVar[int] = 404
    issue: ClassVar[str] = "not-found"

    def __init__(self, what: str) -> None:
        super().__init__(f"No {what} is registered under this name; `homeward clients` lists them.")


class TokenInUrl(FhirError):
    """An access token stands in the address, where logs and browsers keep it."""

    status: ClassVar[int] = 400
    issue: ClassVar[str] = "security"

    def __init__(self) -> None:
        super().__init__(
            "Send the access token in the Authorization header alone, never in the address; "
            "have the one that was sent revoked."
        )
