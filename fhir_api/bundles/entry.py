"""One entry of a Bundle as it is asked for: what to do, with which resource, under which name.

https://hl7.org/fhir/R4/http.html#transaction. A single interaction over HTTP is an entry too, so
that both go one way.
"""

from dataclasses import dataclass
from typing import Any

from fhir_api.access.caller import Interaction

Resource = dict[str, Any]
ANY_VERSION = "*"
HEADERS = {"ifMatch": "If-Match", "ifNoneExist": "If-None-Exist", "ifNoneMatch": "If-None-Match"}
INTERACTIONS: dict[str, Interaction] = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "update",
    "DELETE": "delete",
}
NO_VERSIONS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transaction, batch or history, or one interaction on its own.

    Attributes:
        index: Its place in the Bundle, from 0.
        path: FHIRPath of the entry, such as `Bundle.entry[3]`; empty for a resource on its own.
        method: GET, HEAD, POST, PUT, PATCH or DELETE.
        resource_type: That the URL names; empty for a GET of the whole server.
        id: That the URL names, or the resource of a conditional update; None for POST.
        resource: For POST and PUT.
        full_url: Name of the entry inside the Bundle, or None.
        query: Criteria of a conditional create, update, patch or delete, or None.
        if_match: Versions of which one must be stored; empty for no such demand.
        if_none_match: Versions of which none may be stored, or `*`.
        patch: JSON Patch operations, for PATCH.
        version: That a GET names, or None.
        url: Of a GET, as sent.
    """

    index: int
    path: str
    method: str
    resource_type: str
    id: str | None
    resource: Resource | None
    full_url: str | None = None
    query: str | None = None
    if_match: frozenset[str] = NO_VERSIONS
    if_none_match: frozenset[str] = NO_VERSIONS
    patch: Any = None
    version: int | None = None
    url: str = ""

    @property
    def resource_path(self) -> str:
        """FHIRPath of the resource."""
        return f"{self.path}.resource" if self.path else self.resource_type

    @property
    def reads(self) -> bool:
        """Whether nothing is written."""
        return self.method in {"GET", "HEAD"}

    @property
    def interaction(self) -> Interaction:
        """What a caller must be allowed to do."""
        if self.reads:
            return "read" if self.id else "search"
        return INTERACTIONS[self.method]

    @property
    def query_path(self) -> str:
        """Where the criteria stand."""
        return self.asked("ifNoneExist" if self.method == "POST" else "url")

    def asked(self, name: str) -> str:
        """Where something was asked for: an element of the entry's request, or a header."""
        if self.path:
            return f"{self.path}.request.{name}"
        return HEADERS.get(name, "The query")

    def inside(self, path: str) -> str:
        """FHIRPath of an element that the resource itself calls `path`."""
        below = path.removeprefix(self.resource_type)
        return self.resource_path + (below if below[:1] in {".", "["} else "")


def lone_entry(index: int, resource: Resource, id_: str, path: str = "") -> Entry:
    """A resource that comes without a request: store it under its own id."""
    return Entry(index, path, "PUT", resource["resourceType"], id_, resource)


def versions_of(etags: str | None) -> frozenset[str]:
    """The versions that ETags such as `W/"3", W/"4"` name; `*` for any.

    >>> sorted(versions_of('W/"3", "4"'))
    ['3', '4']
    """
    parts = (each.strip().removeprefix("W/").strip('"') for each in (etags or "").split(","))
    return frozenset(part for part in parts if part)
