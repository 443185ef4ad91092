"""Where a request may go: an allow-list of addresses, each name resolved once and looked at.

The allow-list comes first, so that no name of a stranger is ever asked for. Then every address that
the name has must be public (or private, where the site says so), and the caller connects to the
address that was looked at: a name that changes its address in between leads nowhere new.

OWASP API7:2023 (server-side request forgery), https://owasp.org/API-Security/editions/2023/en/0xa7/
"""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from fhir_api.outbound.errors import NotAllowed, Unreachable

# Strict on purpose: no user, no fragment, no backslash, no character that needs escaping, no
# trailing dot. What this does not match is not sent anywhere.
FORM = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9]([a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
    r"(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>/[A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]|]*)?"
)
DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
LONGEST = 8192  # characters of a URL
PORTS = {"http": 80, "https": 443}
LARGEST_PORT = 65535
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: an IPv4 address in the last 32 bits
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """A URL in its parts.

    Attributes:
        origin: Scheme, host and port; the host in lower case.
        path: From the first slash to the query.
        rest: Path and query, as they are sent.
    """

    origin: tuple[str, str, int]
    path: str
    rest: str


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that may be asked, and the address at which to ask.

    Attributes:
        url: With the address in the place of the name.
        host: For the Host header, with the port where it is not the usual one.
        name: For the certificate.
    """

    url: str
    host: str
    name: str


class AllowList:
    """Addresses that may be asked, each an origin or an origin and the path below which it lies.

    Args:
        allowed: Such as `https://ehr.example` or `https://ehr.example:8443/files/`.
        private: Whether addresses of private networks and of this machine may be asked.
    """

    def __init__(self, allowed: Iterable[str], *, private: bool = False) -> None:
        self.allowed = [place_of(each) for each in allowed]
        self.private = private

    def __contains__(self, url: object) -> bool:
        if not isinstance(url, str):
            return False
        try:
            self.place(url)
        except NotAllowed:
            return False
        return True

    def place(self, url: str) -> Place:
        """The parts of a URL that is on the list; raises NotAllowed, and asks nobody."""
        place = place_of(url)
        if not any(covers(each, place) for each in self.allowed):
            raise NotAllowed
        return place

    def destination(self, url: str) -> Destination:
        """Where to connect for a URL; raises NotAllowed or Unreachable."""
        place = self.place(url)
        scheme, host, port = place.origin
        name = host.strip("[]")
        found = [ip_address(each.partition("%")[0]) for each in addresses_of(name, port)]
        if not all(may_be_asked(each, private=self.private) for each in found):
            raise NotAllowed
        shown = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
        named = host if port == PORTS[scheme] else f"{host}:{port}"
        return Destination(f"{scheme}://{shown}:{port}{place.rest}", named, name)


def place_of(url: str) -> Place:
    """The parts of a URL; NotAllowed where two readers could differ about them."""
    start, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    found = FORM.fullmatch(f"{start}{slashes}{authority}".lower() + slash + path)
    if found is None or len(url) > LONGEST or DOT_SEGMENT.search(found["rest"] or "/"):
        raise NotAllowed
    port = int(found["port"] or PORTS[found["scheme"]])
    if port > LARGEST_PORT:
        raise NotAllowed
    whole = found["rest"] or "/"
    return Place((found["scheme"], found["host"], port), whole.partition("?")[0], whole)


def covers(allowed: Place, asked: Place) -> bool:
    """Whether a place lies at or below one that is allowed."""
    below = allowed.path.rstrip("/") + "/"
    return allowed.origin == asked.origin and (asked.path + "/").startswith(below)


def addresses_of(name: str, port: int) -> list[str]:
    """Every address of a name; raises Unreachable when it has none."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name has no address") from None
    return [str(each[4][0]) for each in found]


def may_be_asked(address: Address, *, private: bool) -> bool:
    """Whether an address is a host's own and public; where allowed, of a private network."""
    address = translated(address)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False  # link-local holds the metadata services of clouds
    if private and (address.is_private or address.is_loopback):
        return True
    return address.is_global and not address.is_reserved


def translated(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if address.version == 4:
        return address
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if address in TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return inside or address
