"""A registered client, in the words that Authlib asks it in.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from fhir_api.access.negotiation import granted

Authentication = Literal["none", "private_key_jwt", "client_secret_basic"]
LOOPBACK = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Client:
    """An app or a system.

    Attributes:
        client_id: Chosen at registration.
        name: Shown to users.
        authentication: How it proves who it is.
        scopes: The most it may be granted.
        grant_types: OAuth grant types it may use.
        redirect_uris: Where codes may be sent.
        launch_uris: Where the app is opened from an EHR.
        jwks: Public keys, inline.
        jwks_url: Where its public keys are.
        secret: Keyed hash of its secret.
        identified: Whether it sees real ids and true dates.
        introspects: Whether it may introspect tokens of other clients.
    """

    client_id: str
    name: str
    authentication: Authentication
    scopes: str
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    launch_uris: tuple[str, ...] = ()
    jwks: dict[str, Any] | None = None
    jwks_url: str | None = None
    secret: bytes | None = None
    identified: bool = False
    introspects: bool = False

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a request names its own."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets of the scopes it asks for."""
        return granted(scope or "", self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether codes may be sent there: exactly as registered, port of the loopback aside."""
        return any(is_same_place(redirect_uri, each) for each in self.redirect_uris)

    def check_response_type(self, response_type: str) -> bool:
        """Codes alone are handed out."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may use the grant type."""
        return grant_type in self.grant_types

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it proves who it is in this way."""
        return method == self.authentication

    @property
    def origins(self) -> frozenset[str]:
        """Web origins its pages run on."""
        addresses = map(urlsplit, (*self.redirect_uris, *self.launch_uris))
        return frozenset(
            f"{each.scheme}://{each.netloc}"
            for each in addresses
            if each.scheme in {"http", "https"}
        )


def is_same_place(asked: str, registered: str) -> bool:
    """Whether two redirect addresses are the same.

    A native app listens on a port the system gives it (RFC 8252, 7.3), so the port of a loopback
    address may differ.

    >>> is_same_place("https://app.example/cb?x", "https://app.example/cb")
    False
    >>> is_same_place("http://127.0.0.1:50123/cb", "http://127.0.0.1/cb")
    True
    """
    if asked == registered:
        return True
    try:
        given, known = urlsplit(asked), urlsplit(registered)
        return is_loopback(given) and is_loopback(known) and portless(given) == portless(known)
    except ValueError:
        return False


def is_loopback(address: SplitResult) -> bool:
    """Whether it is a plain address of this machine."""
    plain = address.scheme == "http" and "@" not in address.netloc
    return plain and address.hostname in LOOPBACK


def portless(address: SplitResult) -> tuple[str | None, ...]:
    """What must be equal for a loopback address; raises ValueError for a port that is none."""
    _ = address.port
    return address.hostname, address.path, address.query, address.fragment
