"""A hook call, read and checked before anything is done with it.

https://cds-hooks.hl7.org/2.0/#calling-a-cds-service
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds_hooks.errors import InvalidCall
from cds_hooks.hooks.definition import HookContext, HookService
from fhir_api.validation.issue import Issue

MEANINGS = {
    "hook": "the name of the hook, a string",
    "hookInstance": "a UUID, a string",
    "context": "the context of the hook, an object",
    "fhirServer": "the address of the FHIR server, a string",
    "prefetch": "an object of resources by key",
    "extension": "an object",
    "fhirAuthorization": "an object",
    "fhirAuthorization.access_token": "a string",
    "fhirAuthorization.token_type": "Bearer",
    "fhirAuthorization.expires_in": "a whole number of seconds",
    "fhirAuthorization.scope": "a string of scopes",
    "fhirAuthorization.subject": "a string",
    "context.userId": "Type/id of a user this hook allows",
    "context.patientId": "a plain FHIR id, without a type in front",
    "context.encounterId": "a plain FHIR id, without a type in front",
}

Shape = TypeVar("Shape", bound=BaseModel)


class FhirAuthorization(BaseModel):
    """A token for the client's FHIR server. It is checked for its shape and then forgotten."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, repr=False)
    token_type: Literal["Bearer"]
    expires_in: int = Field(strict=True)
    scope: str
    subject: str


class CallBody(BaseModel):
    """The fields every hook call has; unknown ones are tolerated, as vendors add their own."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    hook: str = Field(strict=True)
    hookInstance: UUID  # noqa: N815 - the specification names it so
    context: dict[str, Any]
    fhirServer: str | None = None  # noqa: N815
    fhirAuthorization: FhirAuthorization | None = None  # noqa: N815
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HookCall:
    """What a service needs of a checked call.

    Attributes:
        service: The service called.
        hook_instance: Of this call; joins our log with the client's.
        context: By the rules of the hook.
        prefetch: As sent; a key that is not in it was not sent.
    """

    service: HookService
    hook_instance: UUID
    context: HookContext
    prefetch: Mapping[str, Any]


def read_call(value: Any, service: HookService, *, require_https: bool) -> HookCall:
    """Check a parsed body against the protocol and the service it was sent to.

    Raises:
        InvalidCall: With one issue for each field that is wrong.
    """
    if not isinstance(value, dict):
        raise InvalidCall([Issue("structure", "The body must be a JSON object.", None)])
    body = _validated(CallBody, value, "")
    wrong = [*_wrong_hook(body, service), *_wrong_server(body, require_https)]
    if wrong:
        raise InvalidCall(wrong)
    context = _validated(service.context, body.context, "context.")
    return HookCall(service, body.hookInstance, context, body.prefetch or {})


def _validated(shape: type[Shape], value: Mapping[str, Any], prefix: str) -> Shape:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_context=False, include_url=False)
        issues = [_issue(each["loc"], each["type"], prefix) for each in wrong]
        raise InvalidCall(issues) from None


def _issue(location: Sequence[int | str], kind: str, prefix: str) -> Issue:
    path = prefix + ".".join(map(str, location))
    meaning = MEANINGS.get(path, "as the specification says")
    if kind == "missing":
        return Issue("required", f"{path} is missing; it must be {meaning}.", path)
    return Issue("value", f"{path} must be {meaning}.", path)


def _wrong_hook(body: CallBody, service: HookService) -> list[Issue]:
    if body.hook == service.hook:
        return []
    return [Issue("value", f"hook must be {service.hook} at this address.", "hook")]


def _wrong_server(body: CallBody, require_https: bool) -> list[Issue]:
    if body.fhirServer is None:
        missing = "fhirServer is missing; fhirAuthorization must come with the server it is for."
        return [Issue("required", missing, "fhirServer")] if body.fhirAuthorization else []
    address = urlsplit(body.fhirServer)
    insecure = address.scheme != "https" and require_https and not _is_loopback(address.hostname)
    if address.scheme not in {"http", "https"} or not address.hostname or insecure:
        return [Issue("value", "fhirServer must be an https address.", "fhirServer")]
    return []


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
