"""What an app asks for at the authorization endpoint, checked before anyone is asked to agree.

An app whose id or address is not known is never sent anywhere: the user is told. Everything else
that is wrong is told to the app at its own address, with its `state`.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
"""

from dataclasses import dataclass, replace
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedResponseTypeError,
)

from fhir_api.access.scopes import LONGEST
from fhir_api.smart.client import Client
from fhir_api.smart.context import Context
from fhir_api.smart.oauth_request import SmartRequest
from fhir_api.smart.parts import PREFIX
from fhir_api.smart.server import SmartServer
from fhir_api.smart.sign_in import SignedIn

STAFF = ("Practitioner/", "PractitionerRole/")
LONGEST_NONCE = 512


class Stranger(Exception):
    """The app or its address is not known here; the message is shown to the user."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asks for, as far as it may have it.

    Attributes:
        request: As it came.
        grant: Authlib's, for the answer.
        client: Who asks.
        scopes: What it may be granted.
        context: Of the launch; empty where the app was opened by itself.
    """

    request: SmartRequest
    grant: Any
    client: Client
    scopes: tuple[str, ...]
    context: Context

    @property
    def needs_patient(self) -> bool:
        """Whether a patient has to be chosen."""
        wanted = any(
            each == "launch/patient" or each.startswith("patient/") for each in self.scopes
        )
        return wanted and self.context.patient is None

    def refusal(self, error: OAuth2Error) -> OAuth2Error:
        """An error as it is told to the app."""
        return told(error, self.request)


def told(error: OAuth2Error, request: SmartRequest) -> OAuth2Error:
    """An error bound for the app's own address."""
    error.redirect_uri = request.payload.redirect_uri
    error.state = request.payload.state
    return error


def check(server: SmartServer, request: SmartRequest) -> Asked:
    """What is asked; raises Stranger, or OAuth2Error bound for the app."""
    client = known_client(server, request)
    try:
        request.demand_single()
        demand_ours(request)
        grant = server.get_consent_grant(request)
        scopes = offered(request, grant.request.scope)
        context = launched(server, request, scopes)
    except OAuth2Error as error:
        raise told(error, request) from error
    return Asked(request, grant, client, scopes, context)


def known_client(server: SmartServer, request: SmartRequest) -> Client:
    """The registered client, if the address is registered too; raises Stranger."""
    once = all(len(request.payload.datalist[name]) == 1 for name in ("client_id", "redirect_uri"))
    client = server.query_client(request.payload.client_id) if once else None
    if client is None:
        raise Stranger("This app is not registered here. Ask whoever runs it to register it.")
    if not client.check_redirect_uri(request.payload.redirect_uri):
        raise Stranger("The app wants to be called back at an address it did not register.")
    return client


def demand_ours(request: SmartRequest) -> None:
    """Refuse a request for another kind of answer or for another server's resources."""
    if request.payload.response_type != "code":
        raise UnsupportedResponseTypeError(None)
    fhir = request.server + PREFIX
    if request.payload.data.get("aud") not in {fhir, f"{fhir}/"}:
        raise InvalidRequestError("aud must be the address of this FHIR API.")
    if len(request.payload.scope or "") > LONGEST:
        raise InvalidScopeError
    if len(request.payload.data.get("nonce", "")) > LONGEST_NONCE:
        raise InvalidRequestError("The nonce is too long.")


def offered(request: SmartRequest, scope: str) -> tuple[str, ...]:
    """The scopes an app may have of those it asked for; raises InvalidScopeError when none."""
    has_launch = bool(request.payload.data.get("launch"))
    fitting = [
        each
        for each in scope.split()
        if not each.startswith("system/")
        and (has_launch or each not in {"launch", "launch/encounter"})
    ]
    if not fitting:
        raise InvalidScopeError
    return tuple(fitting)


def launched(server: SmartServer, request: SmartRequest, scopes: tuple[str, ...]) -> Context:
    """The context that the EHR opened the app with; raises InvalidRequestError."""
    launch = request.payload.data.get("launch")
    if not launch:
        return Context()
    if "launch" not in scopes:
        raise InvalidScopeError
    context = server.parts.launches.look(launch, server.parts.now())
    if context is None:
        raise InvalidRequestError("The launch is unknown, was used, or is too old.")
    return context


def about(asked: Asked, who: SignedIn) -> Context:
    """The context for a user; raises AccessDeniedError when it is not theirs to see."""
    context = asked.context
    if context.user not in (None, who.fhir_user):
        raise asked.refusal(AccessDeniedError())
    own = who.fhir_user.removeprefix("Patient/") if who.fhir_user.startswith("Patient/") else None
    if own is not None and context.patient not in (None, own):
        raise asked.refusal(AccessDeniedError())
    if own is None and asked.needs_patient and not who.fhir_user.startswith(STAFF):
        raise asked.refusal(AccessDeniedError())
    return replace(
        context,
        user=who.fhir_user,
        login=who.login,
        signed_in_at=who.at,
        nonce=asked.request.payload.data.get("nonce"),
        patient=own or context.patient,
    )
