"""JSON Patch (RFC 6902) on a resource, over HTTP and inside a Bundle.

https://hl7.org/fhir/R4/http.html#patch. In a Bundle the operations travel in a Binary. FHIRPath
Patch (a Parameters resource) is not offered. A message names the operation and never its value.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import jsonpatch
import jsonpointer

from fhir_api.errors import FhirError, InvalidJson, InvalidRequest, NotSupported, PatchRefused
from fhir_api.json_text import USUAL, deeper_than, dump, parse

JSON_PATCH = "application/json-patch+json"
MOST_OPERATIONS = 1_000
LARGEST_RESULT = 16_000_000  # bytes; a few operations that copy could fill any memory
NEEDS = {
    "add": ("value",),
    "replace": ("value",),
    "test": ("value",),
    "remove": (),
    "move": ("from",),
    "copy": ("from",),
}
NOT_THERE = (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException)
Operations = list[dict[str, Any]]


def operations_of(resource: Any, path: str) -> Operations:
    """The operations that a Bundle's entry brings in a Binary; raises FhirError with its path."""
    place = f"{path}.resource"
    kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if kind == "Parameters":
        message = f"{place}: FHIRPath Patch is not offered; send JSON Patch in a Binary."
        raise NotSupported(message, place)
    if kind != "Binary" or resource.get("contentType") != JSON_PATCH:
        message = f"{place} must be a Binary of {JSON_PATCH} for PATCH."
        raise InvalidRequest(message, place)
    try:
        data = base64.b64decode(resource["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidRequest(f"{place}.data must be base64.", f"{place}.data") from error
    return checked(parsed(data, f"{place}.data"), f"{place}.data")


def parsed(data: bytes, path: str) -> Any:
    """The JSON inside a Binary; raises InvalidJson with the path of its data."""
    try:
        return parse(data)
    except InvalidJson as error:
        error.expression = path
        raise


def checked(operations: Any, path: str) -> Operations:
    """Operations as RFC 6902 has them; raises InvalidRequest naming the one that is wrong."""
    if not isinstance(operations, list) or len(operations) > MOST_OPERATIONS:
        raise InvalidRequest(
            f"{path} must be a list of at most {MOST_OPERATIONS} operations.", path
        )
    for index, each in enumerate(operations):
        if not well_formed(each):
            message = f"{path}: operation {index} is not as RFC 6902 has it."
            raise InvalidRequest(message, path)
    return operations


def well_formed(operation: Any) -> bool:
    """Whether an operation has all that its kind needs, its addresses as texts."""
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        return False
    kind = operation.get("op")
    if not isinstance(kind, str) or kind not in NEEDS:
        return False
    return all(name in operation for name in NEEDS[kind]) and isinstance(
        operation.get("from", ""), str
    )


def patched(resource: dict[str, Any], operations: Operations, path: str) -> dict[str, Any]:
    """A copy of the resource with the operations carried out.

    Raises PatchRefused (422) for an operation that fails, and for a result that is another
    resource, too deep or too long.
    """
    result: Any = resource
    for index, each in enumerate(operations):
        try:
            result = jsonpatch.apply_patch(result, [each])
        except NOT_THERE as error:
            raise refusal(error, index, path) from None
        if each["op"] == "copy" and len(dump(result)) > LARGEST_RESULT:
            raise PatchRefused(f"operation {index} makes it too long", path)
    if not same_resource(resource, result) or deeper_than(result, USUAL.depth):
        raise PatchRefused("the result is another resource; id and resourceType stay", path)
    return dict(result)


def refusal(error: Exception, index: int, path: str) -> FhirError:
    """Why an operation failed; the library's own message may hold a value, and stays out."""
    if isinstance(error, jsonpatch.JsonPatchTestFailed):
        return PatchRefused(f"the test of operation {index} failed", path)
    return PatchRefused(f"operation {index} finds no such element in what is stored", path)


def same_resource(before: Mapping[str, Any], after: Any) -> bool:
    """Whether the result is still the same resource."""
    named = ("resourceType", "id")
    return isinstance(after, dict) and all(after.get(each) == before.get(each) for each in named)
