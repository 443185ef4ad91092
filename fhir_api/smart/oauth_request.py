"""A request to the authorization server as Authlib reads it, and the body it comes in.

Parameters of the token endpoint come in the body alone, each once: what stands in an address is
kept by logs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import OAuth2Payload
from fastapi import Request

LARGEST = 64 << 10  # bytes of a form
FORM = "application/x-www-form-urlencoded"
FIELDS = 100
NOT_READ = "Send application/x-www-form-urlencoded of at most 64 KB, and nothing in the address."
Pairs = Sequence[tuple[str, str]]


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib ships no types
    """Parameters of a request."""

    def __init__(self, pairs: Pairs) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)
        self._first = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        """The first value of each parameter."""
        return self._first

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """Every value of each parameter."""
        return self._lists


class SmartRequest(OAuth2Request):  # type: ignore[misc]  # Authlib ships no types
    """One request.

    Args:
        method: HTTP method.
        server: Address of the server as the caller reaches it.
        headers: Of the request.
        pairs: Its parameters.
    """

    def __init__(self, method: str, server: str, headers: Mapping[str, str], pairs: Pairs) -> None:
        # Whether the way here was encrypted is for the front door and its proxy to see to; Authlib
        # would look at an address that the proxy has already changed.
        super().__init__(method, "https://behind-the-front-door", headers=headers)
        self.server = server
        self.pairs = pairs
        self.payload = Payload(pairs)

    @property
    def args(self) -> dict[str, str]:
        """Parameters of the address."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """Parameters of the body."""
        return self.payload.data

    def demand_single(self) -> None:
        """Refuse a parameter that comes twice (RFC 6749, 3.2)."""
        if any(len(values) > 1 for values in self.payload.datalist.values()):
            raise InvalidRequestError("A parameter comes twice.")


def pairs_in(text: bytes | str) -> Pairs:
    """Parameters of a form or a query; raises InvalidRequestError when there are too many."""
    try:
        decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return parse_qsl(decoded, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as error:
        raise InvalidRequestError("There are too many parameters.") from error


async def form_body(request: Request) -> bytes | None:
    """The body of a form; None when it is too large or no form at all."""
    if request.method != "POST":
        return b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body) if kind == FORM else None
