"""How often a client may ask for tokens in a minute; more is answered with 429.

Counted by the client that is claimed and by the address it asks from, so that nobody elsewhere can
use up a client's share. The count is in the database: processes agree. Introspection is not
counted, for a resource server may ask with every request it gets.

https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/
"""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_api.smart.jwt_rules import BadToken, part
from fhir_api.smart.memory import Memory, window_of
from fhir_api.smart.oauth_request import SmartRequest

WINDOW = timedelta(minutes=1)
COUNTED = frozenset({"token", "revocation"})
LONGEST = 255  # characters of a claimed id that make a difference


@dataclass(frozen=True, slots=True)
class Pace:
    """Counts requests of one site.

    Attributes:
        memory: Of the site.
        most: Requests of one client from one address in a minute.
    """

    memory: Memory
    most: int

    def wait(self, asking: SmartRequest, address: str, now: datetime) -> int:
        """Seconds until the client may ask again; 0 when it may go on."""
        subject = f"asks {address} {claimed(asking)[:LONGEST]}"
        if self.memory.tries(subject, now, WINDOW) <= self.most:
            return 0
        return int((window_of(now, WINDOW) + WINDOW - now).total_seconds()) + 1


def claimed(asking: SmartRequest) -> str:
    """The client that a request says it comes from; nothing is proved by it."""
    scheme, _, encoded = asking.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return user_of(encoded)
    assertion = asking.form.get("client_assertion", "").split(".")
    if len(assertion) == 3:
        return issuer_of(assertion[1])
    return str(asking.form.get("client_id", ""))


def user_of(encoded: str) -> str:
    """The user of Basic credentials."""
    try:
        return (
            b64decode(encoded.strip(), validate=True).decode("utf-8", "replace").partition(":")[0]
        )
    except (Error, ValueError):
        return ""


def issuer_of(claims: str) -> str:
    """The issuer that an assertion names."""
    try:
        return str(part(claims).get("iss", ""))
    except BadToken:
        return ""
