"""What a client asks of $import: files by type, from servers that the site has on its list.

https://github.com/smart-on-fhir/bulk-import/blob/master/import-pnp.md (draft of January 2022), as
JSON or as the Parameters of Microsoft's and Pathling's servers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_api.access.caller import Caller
from fhir_api.bulk.asked import FORMATS
from fhir_api.bulk.parameters import value_of
from fhir_api.errors import Forbidden, InvalidRequest, NotSupported
from fhir_api.outbound.destination import AllowList
from fhir_api.outbound.errors import NotAllowed
from fhir_api.validation.elements import resource_types

MOST = 10_000  # files of one request
KNOWN = {"inputFormat", "inputSource", "input", "storageDetail", "mode"}
STORAGE = {"https", "http", "file-https"}


@dataclass(frozen=True, slots=True)
class Input:
    """One file.

    Attributes:
        resource_type: That every line should have.
        url: Where it is.
    """

    resource_type: str
    url: str


def read_import(body: Mapping[str, Any], allowed: AllowList) -> list[Input]:
    """The files that a body names; raises InvalidRequest, NotSupported or NotAllowed."""
    asked = from_parameters(body) if body.get("resourceType") == "Parameters" else body
    unknown = sorted(set(asked) - KNOWN - {"resourceType"})
    if unknown:
        raise NotSupported(f"$import takes {', '.join(sorted(KNOWN))}, and nothing else.")
    if str(asked.get("inputFormat", "application/fhir+ndjson")) not in FORMATS:
        message = f"inputFormat must be one of {', '.join(sorted(FORMATS))}."
        raise InvalidRequest(message, "inputFormat")
    check_storage(asked.get("storageDetail"))
    inputs = asked.get("input")
    if not isinstance(inputs, list) or not 0 < len(inputs) <= MOST:
        raise InvalidRequest(f"input must list 1 to {MOST:,} files.", "input")
    return [input_of(each, f"input[{index}]", allowed) for index, each in enumerate(inputs)]


def check_storage(detail: Any) -> None:
    """Raise NotSupported for anything but files on a web server."""
    if detail is not None and (not isinstance(detail, dict) or detail.get("type") not in STORAGE):
        message = "storageDetail.type must be https: files are read from web servers alone."
        raise NotSupported(message, "storageDetail.type")


def input_of(given: Any, path: str, allowed: AllowList) -> Input:
    """One file; raises for an unknown type, and for an address that is not on the list."""
    if not isinstance(given, dict) or given.get("type") not in resource_types():
        raise InvalidRequest(f"{path}.type must be a resource type of R4.", f"{path}.type")
    url = given.get("url")
    if not isinstance(url, str):
        raise InvalidRequest(f"{path}.url must be an address.", f"{path}.url")
    if url not in allowed:
        refused = NotAllowed()
        refused.expression = f"{path}.url"
        raise refused
    return Input(given["type"], url)


def from_parameters(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The same as JSON would have it."""
    asked: dict[str, Any] = {}
    given = resource.get("parameter")
    for index, each in enumerate(given if isinstance(given, list) else []):
        path = f"Parameters.parameter[{index}]"
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InvalidRequest(f"{path} must have a name.", path)
        name = "input" if each["name"] == "source" else each["name"]
        if name == "input":
            asked.setdefault("input", []).append(parts_of(each, path))
        else:
            asked[name] = parts_of(each, path) if "part" in each else value_of(each, path)
    return asked


def parts_of(parameter: Mapping[str, Any], path: str) -> dict[str, str]:
    """The parts of a parameter by name; `resourceType` is another word for `type`."""
    found = {}
    parts = parameter.get("part")
    for index, each in enumerate(parts if isinstance(parts, list) else []):
        place = f"{path}.part[{index}]"
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InvalidRequest(f"{place} must have a name.", place)
        name = "type" if each["name"] == "resourceType" else each["name"]
        found[name] = value_of(each, place)
    return found


def demand_writer(caller: Caller, inputs: list[Input]) -> None:
    """Raise Forbidden unless the caller may create and update every type, without limits."""
    for kind in sorted({each.resource_type for each in inputs}):
        for interaction in ("create", "update"):
            if caller.limits(interaction, kind):
                raise Forbidden("import", kind)
