"""Rules that the standard states in words and not in FHIRPath.

- `Bundle.entry.fullUrl` is absolute, and ends in type and id where it is the address of a server
  (https://hl7.org/fhir/R4/bundle.html#bundle-unique).
- A link relation stands once in a Bundle; what a search found has an id.
- The url of an extension names no version; the url of a definition is absolute
  (https://hl7.org/fhir/R4/references.html#canonical).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_api.validation.issue import Issue
from privacy.references import target_of

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
DEFINITIONS = frozenset({
    "ActivityDefinition", "CapabilityStatement", "CodeSystem", "ConceptMap", "Library", "Measure",
    "OperationDefinition", "PlanDefinition", "Questionnaire", "SearchParameter",
    "StructureDefinition", "StructureMap", "ValueSet",
})  # fmt: skip


def broken_prose(resource: Mapping[str, Any], prefix: str) -> Iterator[Issue]:
    """What of these rules a resource breaks, with the place."""
    if resource["resourceType"] == "Bundle":
        yield from broken_links(resource, prefix)
        for path, entry in enumerated(resource.get("entry"), f"{prefix}.entry"):
            yield from broken_entry(entry, path, str(resource.get("type")))
    elif resource["resourceType"] in DEFINITIONS and not is_absolute(resource.get("url")):
        yield Issue("value", "The url of a definition must be absolute.", f"{prefix}.url")
    yield from versioned_extensions(resource, prefix)


def broken_links(bundle: Mapping[str, Any], prefix: str) -> Iterator[Issue]:
    """Links whose relation stands twice."""
    seen: set[Any] = set()
    for path, link in enumerated(bundle.get("link"), f"{prefix}.link"):
        relation = link.get("relation")
        if isinstance(relation, str) and relation in seen:
            yield Issue("value", "A link relation may stand only once.", f"{path}.relation")
        seen.add(relation if isinstance(relation, str) else None)


def broken_entry(entry: Mapping[str, Any], path: str, bundle_type: str) -> Iterator[Issue]:
    """An entry with a relative fullUrl, one that names another resource, or a match without id."""
    full_url, resource = entry.get("fullUrl"), entry.get("resource")
    if not is_absolute(full_url):
        yield Issue("value", "fullUrl must be absolute.", f"{path}.fullUrl")
    if not isinstance(resource, dict):
        return
    if is_of_another(full_url, resource):
        sentence = "fullUrl is an address of a server and must end in the resource's type and id."
        yield Issue("value", sentence, f"{path}.fullUrl", "warning")  # HL7 does so in examples
    is_outcome = resource.get("resourceType") == "OperationOutcome"
    if bundle_type == "searchset" and "id" not in resource and not is_outcome:
        yield Issue("required", "What a search found must have an id.", f"{path}.resource.id")


def is_absolute(url: Any) -> bool:
    """Whether a url is absolute, or not there to be judged."""
    return not isinstance(url, str) or ABSOLUTE.fullmatch(url) is not None


def is_of_another(full_url: Any, resource: Mapping[str, Any]) -> bool:
    """Whether the fullUrl of a server names another type or id than the resource has."""
    target = target_of(full_url) if isinstance(full_url, str) and "://" in full_url else None
    given = (resource.get("resourceType"), resource.get("id"))
    return target is not None and "id" in resource and given != tuple(target)


def versioned_extensions(node: Any, path: str) -> Iterator[Issue]:
    """Extensions, at any depth outside other resources, whose url names a version."""
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        if name in {"contained", "resource", "entry"}:
            continue
        for place, item in enumerated(value, f"{path}.{name}"):
            if name == "extension" and "|" in str(item.get("url", "")):
                yield Issue("value", "The url of an extension names no version.", f"{place}.url")
            yield from versioned_extensions(item, place)


def enumerated(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects in a value, one or a list of them, each with its path."""
    if isinstance(value, Mapping):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                yield f"{path}[{index}]", item
