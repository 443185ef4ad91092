"""Everything cds_hooks refuses; each becomes a status and an OperationOutcome, never an empty card.

    FhirError
    └── HookError
        ├── InvalidCall        400  invalid
        ├── WrongPatient       400  invalid
        ├── UnknownService     404  not-found
        ├── MethodNotAllowed   405  not-supported
        ├── DataMissing        412  required
        ├── CallTooLarge       413  too-long
        ├── NotJson            415  not-supported
        ├── InternalFailure    500  exception
        └── NoChampion         503  transient

CDS Hooks 2.0 asks for 412 where required data cannot be had; the other codes are ours to choose.
A message names the place that is wrong and never the value found there.
https://cds-hooks.hl7.org/2.0/#http-status-codes
"""

from collections.abc import Sequence

from fhir_api.errors import FhirError
from fhir_api.validation.issue import Issue


class HookError(FhirError):
    """Root of the family."""


class InvalidCall(HookError):
    """The request is not a hook call of the service it was sent to."""

    status = 400
    issue = "invalid"

    def __init__(self, found: Sequence[Issue]) -> None:
        super().__init__(found[0].diagnostics, found[0].expression)
        self._found = list(found)

    @property
    def issues(self) -> list[Issue]:
        return self._found


class WrongPatient(HookError):
    """Prefetch holds data of somebody else than the patient of the context."""

    status = 400
    issue = "invalid"

    def __init__(self, expression: str, binding: str) -> None:
        super().__init__(
            f"{expression} must refer to {binding}. No score was made: data of two patients "
            "must never meet.",
            expression,
        )


class UnknownService(HookError):
    """No service has this id."""

    status = 404
    issue = "not-found"

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(f"There is no such CDS service. These are: {', '.join(known)}.")


class MethodNotAllowed(HookError):
    """The address is right, the HTTP method is not."""

    status = 405
    issue = "not-supported"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Use {allowed} here.")
        self.allowed = allowed


class DataMissing(HookError):
    """What the score cannot do without is neither in prefetch nor stored here."""

    status = 412
    issue = "required"

    def __init__(self, keys: Sequence[str], wanted: Sequence[str]) -> None:
        expressions = [f"prefetch.{key}" for key in keys]
        super().__init__(
            f"{', '.join(expressions)} must be sent: nothing is stored here that could stand in. "
            f"Prefetch {'; '.join(wanted)}.",
            expressions[0],
        )
        self._expressions = expressions

    @property
    def issues(self) -> list[Issue]:
        return [Issue(self.issue, str(self), expression) for expression in self._expressions]


class CallTooLarge(HookError):
    """The body is longer than the server accepts."""

    status = 413
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is over {limit:,} bytes. Prefetch less: `_count` bounds it.")


class NotJson(HookError):
    """The content type is not JSON."""

    status = 415
    issue = "not-supported"

    def __init__(self) -> None:
        super().__init__("Send application/json in UTF-8.")


class InternalFailure(HookError):
    """Something broke here. It must not look like `no guidance`."""

    status = 500
    issue = "exception"

    def __init__(self) -> None:
        super().__init__("The service failed and made no score. The server's log says where.")


class NoChampion(HookError):
    """No model has been promoted yet."""

    status = 503
    issue = "transient"

    def __init__(self) -> None:
        super().__init__(
            "No model serves this site yet. Train one and run `homeward models promote`."
        )
