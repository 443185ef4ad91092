"""What the URL of an entry names: a type, a resource, a version, or criteria.

https://hl7.org/fhir/R4/http.html#summary
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from fhir_api.errors import InvalidRequest, NotSupported
from fhir_api.validation.elements import resource_types

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
VERSION = re.compile(r"[0-9]{1,9}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HISTORY = "_history"


class Target(NamedTuple):
    """What a URL names.

    Attributes:
        resource_type: Of R4; empty for a GET of the whole server.
        id: Or None.
        query: After the question mark, or None.
        version: Of a vread, or None.
    """

    resource_type: str
    id: str | None = None
    query: str | None = None
    version: int | None = None


def target(method: str, url: str, path: str) -> Target:
    """What a request's URL names; raises InvalidRequest or NotSupported at `path`."""
    if method not in METHODS:
        message = f"{path}.method must be one of {', '.join(METHODS)}."
        raise NotSupported(message, f"{path}.method")
    place, mark, query = url.partition("?")
    parts = path_parts(place)
    if "$" in place:
        raise NotSupported(f"{path}.url: an operation is called on its own.", f"{path}.url")
    if method in {"GET", "HEAD"}:
        return read_target(parts, query if mark else None)
    if parts[0] not in resource_types():
        raise InvalidRequest(f"{path}.url must begin with a type of R4.", f"{path}.url")
    if method == "POST":
        return create_target(parts, mark, path)
    return write_target(parts, query if mark else None, path)


def path_parts(place: str) -> list[str]:
    """The steps of a URL's path; those of a server's address are left out."""
    parts = unquote(place).strip("/").split("/")
    if place.lower().startswith(("http://", "https://")):
        typed = [index for index, part in enumerate(parts) if part in resource_types()]
        return parts[typed[-1] :] if typed else [""]
    return parts


def create_target(parts: list[str], mark: str, path: str) -> Target:
    """`[type]` of a POST."""
    if len(parts) != 1 or mark:
        raise InvalidRequest(f"{path}.url must be [type] for POST.", f"{path}.url")
    return Target(parts[0])


def write_target(parts: list[str], query: str | None, path: str) -> Target:
    """`[type]/[id]` or `[type]?[criteria]` of a PUT, PATCH or DELETE."""
    if query is not None and len(parts) == 1:
        return Target(parts[0], None, query)
    if query is not None:
        raise NotSupported(f"{path}.url: an id takes no parameters here.", f"{path}.url")
    if len(parts) != 2:
        raise InvalidRequest(f"{path}.url must be [type]/[id] or [type]?query.", f"{path}.url")
    if not ID.fullmatch(parts[1]):
        raise InvalidRequest(f"{path}.url must end in an id of R4.", f"{path}.url")
    return Target(parts[0], parts[1])


def read_target(parts: list[str], query: str | None) -> Target:
    """A read, a vread, or a search of a type; nothing of these has no type."""
    kind = parts[0] if parts[0] in resource_types() else ""
    if kind and len(parts) > 1 and query is None and ID.fullmatch(parts[1]):
        if len(parts) == 2:
            return Target(kind, parts[1])
        if len(parts) == 4 and parts[2] == HISTORY and VERSION.fullmatch(parts[3]):
            return Target(kind, parts[1], None, int(parts[3]))
    return Target(kind if len(parts) == 1 else "", None, query)
