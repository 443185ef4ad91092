"""Everything fhir_api refuses.

    FhirError
    ├── InvalidJson             400  structure
    ├── InvalidRequest          400  invalid
    │   ├── UnknownParameter    400  not-supported
    │   ├── UnknownModifier     400  not-supported
    │   └── DateNeedsPatient    400  business-rule
    ├── NotSupported            400  not-supported
    ├── Unauthorized            401  login
    ├── Forbidden               403  forbidden
    ├── IdentitiesHidden        403  forbidden
    ├── UnknownPlace            404  not-supported
    ├── ResourceNotFound        404  not-found
    ├── ResourceDeleted         410  deleted
    ├── VersionConflict         409  conflict
    ├── IdTaken                 409  conflict
    ├── PreconditionFailed      412  conflict
    ├── ReferenceNotResolved    412  not-found
    ├── TooLarge                413  too-long
    ├── WrongContentType        415  not-supported
    ├── WrongPatchType          415  not-supported
    ├── InvalidResource         422  (of each issue)
    ├── RefusedByPrivacy        422  suppressed
    ├── PatchRefused            422  processing
    ├── TransactionRefused      (of the first thing wrong)
    ├── OurMistake              500  exception
    ├── TrailUnavailable        503  transient
    └── StoreUnavailable        503  transient

What a request is refused for before its content is read stands in `routes/transport.py`.

A message names the place that is wrong and never the value found there: errors reach logs, and
logs hold nothing about a patient. Codes: https://hl7.org/fhir/R4/valueset-issue-type.html
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from fhir_api.validation.issue import Issue

PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z_:.\-]{0,63}")


def shown_name(name: str) -> str:
    """A parameter's name as a message may show it; what is no name may be a value."""
    return name if PARAMETER_NAME.fullmatch(name) else "of the request"


def place_of(name: str) -> str:
    """Where a parameter of a request stands (R4 writes `http.` before its name)."""
    return f"http.{name}" if PARAMETER_NAME.fullmatch(name) else "http"


class FhirError(Exception):
    """Root of the family; each is an HTTP status and an OperationOutcome.

    Attributes:
        status: HTTP status.
        issue: `OperationOutcome.issue.code`.
        expression: FHIRPath of the element that is wrong, or None.
    """

    status: ClassVar[int] = 400
    issue: ClassVar[str] = "invalid"

    def __init__(self, message: str, expression: str | None = None) -> None:
        super().__init__(message)
        self.expression = expression

    @property
    def issues(self) -> list[Issue]:
        """What is wrong, place by place."""
        return [Issue(self.issue, str(self), self.expression)]

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to the refusal."""
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        """So that a worker process can hand its error to the process that waits for it."""
        return unpickled, (type(self), str(self), self.__dict__)


def unpickled(kind: type[FhirError], message: str, state: dict[str, Any]) -> FhirError:
    """An error as it was in another process."""
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


class InvalidJson(FhirError):
    """The text is not JSON, or holds what no database can store."""

    status = 400
    issue = "structure"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The text is not acceptable JSON: {problem}. Nothing was stored.")


class InvalidRequest(FhirError):
    """The request itself makes no sense: a Bundle of the wrong type, an entry without a request."""

    status = 400
    issue = "invalid"


class Unauthorized(FhirError):
    """No access token, or one that is not valid; why is told to the log alone."""

    status = 401
    issue = "login"

    def __init__(self) -> None:
        message = "Send a valid access token in Authorization: Bearer."
        super().__init__(message, "http.Authorization")

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(FhirError):
    """What was granted to the caller does not cover this."""

    status = 403
    issue = "forbidden"

    def __init__(self, interaction: str, resource_type: str, expression: str | None = None) -> None:
        message = f"Your access does not cover {interaction} of {resource_type}; ask for its scope."
        super().__init__(message, expression)


class IdentitiesHidden(FhirError):
    """A write names real ids, and answers with pseudonyms: who may not see both cannot write."""

    status = 403
    issue = "forbidden"

    def __init__(self, expression: str | None = None) -> None:
        super().__init__(
            "Your access hides identities, and what is written or asked for here is named by them. "
            "Have the client registered with --identified.",
            expression,
        )


class UnknownPlace(FhirError):
    """No interaction has this path, or no resource type of R4 this name."""

    status = 404
    issue = "not-supported"

    def __init__(self) -> None:
        super().__init__("Nothing is served at this path; GET metadata says what is.")


class UnknownParameter(InvalidRequest):
    """A search parameter that is not served; ignoring it would answer another question."""

    status = 400
    issue = "not-supported"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        message = f"The search parameter {shown_name(name)} is not served here."
        served = f" These are: {', '.join(known)}." if known else ""
        super().__init__(message + served, place_of(name))


class UnknownModifier(InvalidRequest):
    """A modifier that the kind of parameter does not have, or that is not served."""

    status = 400
    issue = "not-supported"

    def __init__(self, name: str, why: str) -> None:
        message = f"The modifier of {shown_name(name)} is not served here: {why}."
        super().__init__(message, place_of(name))


class DateNeedsPatient(InvalidRequest):
    """A search by date where each patient's dates are moved by another secret number."""

    status = 400
    issue = "business-rule"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{shown_name(name)} needs the patient: stored dates are moved, each patient's by "
            "another secret number of days. Add patient=, subject=Patient/, _id= of a Patient or "
            "patient.identifier=; _lastUpdated needs none.",
            place_of(name),
        )


class NotSupported(FhirError):
    """Right by the standard and not offered here."""

    status = 400
    issue = "not-supported"


class ResourceNotFound(FhirError):
    """No version of this resource was ever stored."""

    status = 404
    issue = "not-found"

    def __init__(self, resource_type: str) -> None:
        super().__init__(f"No {resource_type} with this id is stored here.")


class ResourceDeleted(FhirError):
    """The resource was here and has been deleted."""

    status = 410
    issue = "deleted"

    def __init__(self, resource_type: str) -> None:
        super().__init__(f"The {resource_type} with this id has been deleted.")


class VersionConflict(FhirError):
    """Others wrote the same resources at the same time, again and again."""

    status = 409
    issue = "conflict"

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"Other writers changed the same resources during {attempts} attempts. "
            "Nothing was stored; send it again."
        )


class IdTaken(FhirError):
    """A conditional update found nothing and brings an id under which something is stored."""

    status = 409
    issue = "conflict"

    def __init__(self, expression: str) -> None:
        message = f"{expression} is stored and does not match the query; leave the id out."
        super().__init__(message, expression)


class PreconditionFailed(FhirError):
    """`ifMatch` names another version, or `ifNoneExist` matches more than one."""

    status = 412
    issue = "conflict"


class ReferenceNotResolved(FhirError):
    """A conditional reference matches no resource, or more than one."""

    status = 412
    issue = "not-found"

    def __init__(
        self, expression: str, resource_type: str, matches: int, names: Sequence[str] = ()
    ) -> None:
        found = "no" if matches == 0 else "more than one"
        criteria = ", ".join(name for name in names if PARAMETER_NAME.fullmatch(name))
        by = f" by {criteria}" if criteria else ""
        super().__init__(
            f"The conditional reference at {expression} matches {found} {resource_type}{by}. Send "
            f"the {resource_type} first (or make its identifier unique), then send this again.",
            expression,
        )
        self.may_come = matches == 0


class TooLarge(FhirError):
    """The body is longer than the server accepts."""

    status = 413
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is over {limit:,} bytes. Split it, or use `homeward ingest`.")


class WrongContentType(FhirError):
    """Neither application/fhir+json nor application/json."""

    status = 415
    issue = "not-supported"

    def __init__(self) -> None:
        super().__init__("Send application/fhir+json in UTF-8; XML and others are not read.")


class WrongPatchType(FhirError):
    """A patch that is no JSON Patch."""

    status = 415
    issue = "not-supported"

    def __init__(self) -> None:
        super().__init__(
            "Send application/json-patch+json (RFC 6902); FHIRPath Patch and XML are not offered."
        )


class InvalidResource(FhirError):
    """One or more resources break the rules of their own definition."""

    status = 422
    issue = "invalid"

    def __init__(self, found: Sequence[Issue]) -> None:
        places = ", ".join(issue.expression or "the resource" for issue in found[:3])
        super().__init__(f"Nothing was stored; mend {places} and send again.", found[0].expression)
        self.found = list(found)

    @property
    def issues(self) -> list[Issue]:
        return self.found


class RefusedByPrivacy(FhirError):
    """De-identification could not vouch for a resource."""

    status = 422
    issue = "suppressed"


class PatchRefused(FhirError):
    """An operation of a JSON Patch fails on the resource as it is stored."""

    status = 422
    issue = "processing"

    def __init__(self, problem: str, expression: str | None = None) -> None:
        super().__init__(
            f"The patch was not carried out: {problem}. Nothing was stored.", expression
        )


class TransactionRefused(FhirError):
    """Entries of a transaction are wrong, so none of it was stored."""

    def __init__(self, errors: Sequence[FhirError]) -> None:
        places = ", ".join(error.expression or "Bundle" for error in errors[:3])
        super().__init__(f"Nothing was stored; mend {places} and send again.")
        self.errors = list(errors)
        self.status = errors[0].status  # type: ignore[misc]

    @property
    def issues(self) -> list[Issue]:
        return [issue for error in self.errors for issue in error.issues]


class OurMistake(FhirError):
    """Something broke that should not; its own message is kept back, for it may hold a value."""

    status = 500
    issue = "exception"

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"Homeward made a mistake of its own ({type(error).__name__}). "
            "Nothing of this was stored; please report it with what was sent, made anonymous."
        )


class TrailUnavailable(FhirError):
    """The access could not be written down, so it is not answered."""

    status = 503
    issue = "transient"

    def __init__(self) -> None:
        super().__init__(
            "The audit trail cannot be written, so this is not answered. A change may have been "
            "stored all the same: read before you send it again."
        )


class StoreUnavailable(FhirError):
    """The database does not answer."""

    status = 503
    issue = "transient"

    def __init__(self) -> None:
        super().__init__("The database does not answer. Nothing was stored; try again in a while.")


def to_outcome(error: FhirError) -> dict[str, Any]:
    """The OperationOutcome of an error (https://hl7.org/fhir/R4/operationoutcome.html)."""
    return outcome_of(error.issues)


def outcome_of(found: Sequence[Issue]) -> dict[str, Any]:
    """An OperationOutcome that says what is wrong at each place."""
    return {"resourceType": "OperationOutcome", "issue": [issue.as_fhir() for issue in found]}
