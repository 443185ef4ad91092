"""Parameters of a kick-off, the same from a query and from a Parameters resource.

https://hl7.org/fhir/R4/parameters.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_api.errors import InvalidRequest

Given = Sequence[tuple[str, str]]
PLAIN = (
    "String",
    "Code",
    "Instant",
    "DateTime",
    "Date",
    "Uri",
    "Url",
    "Canonical",
    "Id",
    "Boolean",
    "Integer",
    "PositiveInt",
)


def from_resource(resource: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of a Parameters resource; raises InvalidRequest for anything else."""
    parameters = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(parameters, list):
        message = "Post a Parameters resource."
        raise InvalidRequest(message, "Parameters")
    return [named(each, f"Parameters.parameter[{index}]") for index, each in enumerate(parameters)]


def named(parameter: Any, path: str) -> tuple[str, str]:
    """Name and value of one parameter."""
    if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
        raise InvalidRequest(f"{path} must have a name.", path)
    return parameter["name"], value_of(parameter, path)


def value_of(parameter: Mapping[str, Any], path: str) -> str:
    """The value of a parameter as a query would have it."""
    reference = parameter.get("valueReference")
    if isinstance(reference, dict) and isinstance(reference.get("reference"), str):
        return str(reference["reference"])
    for kind in PLAIN:
        value = parameter.get(f"value{kind}")
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int):
            return str(value)
    raise InvalidRequest(f"{path} has no value of a kind that is read here.", path)
