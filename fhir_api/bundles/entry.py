"""The entries of a Bundle as they are asked for: what to do, with which resource, under which name.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fhir_api.errors import FhirError, InvalidRequest, NotSupported
from fhir_api.validation.elements import resource_types

Resource = dict[str, Any]
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
WRITING = {"POST", "PUT"}
URL_PARTS = {"POST": 1, "PUT": 2, "DELETE": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transaction or batch.

    Attributes:
        index: Its place in the Bundle, from 0.
        path: FHIRPath of the entry, such as `Bundle.entry[3]`; empty for a resource on its own.
        method: POST, PUT or DELETE.
        resource_type: That the URL names.
        id: That the URL names; None for POST.
        resource: None for DELETE.
        full_url: Name of the entry inside the Bundle, or None.
        if_none_exist: Query of a conditional create, or None.
        if_match: Version that a PUT must find, or None.
    """

    index: int
    path: str
    method: str
    resource_type: str
    id: str | None
    resource: Resource | None
    full_url: str | None = None
    if_none_exist: str | None = None
    if_match: int | None = None

    @property
    def resource_path(self) -> str:
        """FHIRPath of the resource."""
        return f"{self.path}.resource" if self.path else self.resource_type

    def inside(self, path: str) -> str:
        """FHIRPath of an element that the resource itself calls `path`."""
        below = path.removeprefix(self.resource_type)
        return self.resource_path + (below if below[:1] in {".", "["} else "")


def read_entries(bundle: Mapping[str, Any]) -> Iterator[Entry | FhirError]:
    """Each entry of a transaction or batch Bundle, or what is wrong with it."""
    for index, given in enumerate(given_entries(bundle)):
        try:
            yield read_entry(index, given)
        except FhirError as error:
            yield error


def given_entries(bundle: Mapping[str, Any]) -> list[Any]:
    """The list of entries; empty when there is none."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise InvalidRequest("Bundle.entry must be a list.", "Bundle.entry")
    return entries


def read_entry(index: int, given: Any) -> Entry:
    """One entry, its request understood; raises FhirError naming the element that is wrong."""
    path = f"Bundle.entry[{index}]"
    request = given.get("request") if isinstance(given, dict) else None
    if not isinstance(request, dict):
        raise InvalidRequest(f"{path}.request is missing; say method and url.", f"{path}.request")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        raise InvalidRequest(f"{path}.request needs method and url.", f"{path}.request")
    resource_type, id_ = target(method, url, f"{path}.request")
    resource = resource_of(given, method, resource_type, path)
    return Entry(
        index,
        path,
        method,
        resource_type,
        id_,
        resource,
        text_or_none(given.get("fullUrl"), f"{path}.fullUrl"),
        text_or_none(request.get("ifNoneExist"), f"{path}.request.ifNoneExist"),
        version_of(request.get("ifMatch"), f"{path}.request.ifMatch"),
    )


def target(method: str, url: str, path: str) -> tuple[str, str | None]:
    """Type and id that a request's URL names."""
    if method not in URL_PARTS:
        raise NotSupported(f"{path}.method must be POST, PUT or DELETE here.", f"{path}.method")
    if "?" in url:
        message = f"{path}.url: a conditional {method} is not offered; name an id."
        raise NotSupported(message, f"{path}.url")
    parts = unquote(url.partition("?")[0]).strip("/").split("/")
    if len(parts) != URL_PARTS[method] or parts[0] not in resource_types():
        wanted = "[type]" if method == "POST" else "[type]/[id]"
        raise InvalidRequest(f"{path}.url must be {wanted} with a type of R4.", f"{path}.url")
    if method == "POST":
        return parts[0], None
    if not ID.fullmatch(parts[1]):
        raise InvalidRequest(f"{path}.url must end in an id of R4.", f"{path}.url")
    return parts[0], parts[1]


def resource_of(given: Mapping[str, Any], method: str, named: str, path: str) -> Resource | None:
    """The resource of an entry; it must be there for POST and PUT and be of the type named."""
    if method not in WRITING:
        return None
    resource = given.get("resource")
    if not isinstance(resource, dict):
        raise InvalidRequest(f"{path}.resource is missing for {method}.", f"{path}.resource")
    if resource.get("resourceType") != named:
        place = f"{path}.resource.resourceType"
        raise InvalidRequest(f"{place} is not the type that {path}.request.url names.", place)
    return resource


def lone_entry(index: int, resource: Resource, id_: str, path: str = "") -> Entry:
    """A resource that comes without a request: store it under its own id."""
    return Entry(index, path, "PUT", resource["resourceType"], id_, resource)


def text_or_none(value: Any, path: str) -> str | None:
    """A text, or None when there is none."""
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(f"{path} must be text.", path)


def version_of(etag: Any, path: str) -> int | None:
    """The version that an ETag `W/"3"` names."""
    if etag is None:
        return None
    digits = str(etag).removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise InvalidRequest(f'{path} must be a version such as W/"3".', path)
    return int(digits)
