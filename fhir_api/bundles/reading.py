"""Reading the entries of a Bundle; whatever is wrong with one is told with its path.

https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_api.bundles.entry import Entry, Resource, versions_of
from fhir_api.bundles.patch import operations_of
from fhir_api.bundles.targets import Target, target
from fhir_api.errors import FhirError, InvalidRequest

WITH_RESOURCE = {"POST", "PUT"}


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
    named = target(method, url, f"{path}.request")
    resource = resource_of(given, method, named.resource_type, path)
    asked = RequestTexts(request, f"{path}.request")
    return Entry(
        index,
        path,
        method,
        named.resource_type,
        named.id or own_id(named, resource),
        resource,
        text_or_none(given.get("fullUrl"), f"{path}.fullUrl"),
        named.query if method != "POST" else asked.query(),
        versions_of(asked.text("ifMatch")),
        versions_of(asked.text("ifNoneMatch")),
        operations_of(given.get("resource"), path) if method == "PATCH" else None,
        named.version,
        url,
    )


class RequestTexts:
    """The optional texts of `Bundle.entry.request`."""

    def __init__(self, request: Mapping[str, Any], path: str) -> None:
        self.request = request
        self.path = path

    def text(self, name: str) -> str | None:
        """An element, or None; raises InvalidRequest when it is no text."""
        return text_or_none(self.request.get(name), f"{self.path}.{name}")

    def query(self) -> str | None:
        """The criteria of `ifNoneExist`, with or without `Type?` before them."""
        text = self.text("ifNoneExist")
        return None if text is None else text.rpartition("?")[2]


def own_id(named: Target, resource: Resource | None) -> str | None:
    """The id that the resource of a conditional update brings."""
    if named.query is None or resource is None:
        return None
    given = resource.get("id")
    return given if isinstance(given, str) else None


def resource_of(given: Mapping[str, Any], method: str, named: str, path: str) -> Resource | None:
    """The resource of an entry; it must be there for POST and PUT and be of the type named."""
    if method not in WITH_RESOURCE:
        return None
    resource = given.get("resource")
    if not isinstance(resource, dict):
        raise InvalidRequest(f"{path}.resource is missing for {method}.", f"{path}.resource")
    if resource.get("resourceType") != named:
        place = f"{path}.resource.resourceType"
        raise InvalidRequest(f"{place} is not the type that {path}.request.url names.", place)
    return resource


def text_or_none(value: Any, path: str) -> str | None:
    """A text, or None when there is none."""
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(f"{path} must be text.", path)
