"""A JSON Schema of each R4 resource type, made from the element tables.

It checks names, cardinality, one of `value[x]`, formats of primitives, and the codes of required
bindings. It does not check invariants, slices, profiles or terminology (docs/decisions/0006).
Resources inside a resource are checked one by one by `validator.py`, so that a path stays short.
"""

from functools import cache
from typing import Any

from fhir_api.validation.elements import Element, Structure, resource_types, structures
from fhir_api.validation.primitives import PRIMITIVES

Schema = dict[str, Any]
PROFILED = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}


def schema_of(resource_type: str) -> Schema:
    """The schema of one resource type; `$defs` holds it and the data types it may refer to."""
    others = resource_types() - {resource_type}
    needed = {path: each for path, each in definitions().items() if root(path) not in others}
    return {"$ref": f"#/$defs/{resource_type}", "$defs": needed}


def root(path: str) -> str:
    """The type that a path begins with."""
    return path.partition(".")[0]


@cache
def definitions() -> dict[str, Schema]:
    """Schemas of every type and nested element, and of the primitives."""
    made = {path: object_schema(structure) for path, structure in structures().items()}
    return made | PRIMITIVES | {"Resource": {"type": "object", "required": ["resourceType"]}}


def object_schema(structure: Structure) -> Schema:
    """Schema of an object: its names, what must be there, and what excludes what."""
    elements = inherited(structure)
    properties: Schema = (
        {"resourceType": {"const": structure.path}} if is_resource(structure) else {}
    )
    for element in elements:
        properties |= element_properties(structure.path, element)
    rules = [rule for element in elements for rule in presence_rules(element)]
    choices = [element.names for element in elements if len(element.names) > 1]
    return {
        "type": "object",
        "minProperties": 1,
        "properties": properties,
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
        **({"dependentSchemas": exclusions(choices)} if choices else {}),
    }


def is_resource(structure: Structure) -> bool:
    """Whether a structure is a resource and has `resourceType`."""
    return structure.base in {"Resource", "DomainResource"}


def inherited(structure: Structure) -> list[Element]:
    """Elements of a structure after those of its bases."""
    base = structures().get(structure.base)
    return [*(inherited(base) if base else ()), *structure.elements]


def element_properties(path: str, element: Element) -> Schema:
    """The property of each name the element can have, and of its primitive extension."""
    properties: Schema = {}
    for name, fhir_type in element.names:
        primitive = fhir_type in PRIMITIVES
        properties[name] = repeated(value_schema(path, element, fhir_type), element, primitive)
        if primitive:
            properties[f"_{name}"] = repeated({"$ref": "#/$defs/Element"}, element, primitive)
    return properties


def repeated(schema: Schema, element: Element, primitive: bool) -> Schema:
    """The schema, or a list of it; lists of primitives hold null where only an extension stands."""
    if not element.repeats:
        return schema
    items = {"anyOf": [schema, {"type": "null"}]} if primitive else schema
    return {"type": "array", "minItems": 1, "items": items}


def value_schema(path: str, element: Element, fhir_type: str) -> Schema:
    """What one value of the element looks like."""
    if element.codes and fhir_type == "code":
        return {"enum": list(element.codes)}
    if fhir_type.startswith("@"):
        return {"$ref": f"#/$defs/{fhir_type[1:]}"}
    if fhir_type in {"BackboneElement", "Element"}:
        return {"$ref": f"#/$defs/{path}.{element.name}"}
    return {"$ref": f"#/$defs/{PROFILED.get(fhir_type, fhir_type)}"}


def presence_rules(element: Element) -> list[Schema]:
    """What must be there: the element, one of its choices, or the extension of a primitive."""
    if not element.required:
        return []
    names = [name for name, _ in element.names]
    primitive = [f"_{name}" for name, fhir_type in element.names if fhir_type in PRIMITIVES]
    if len(names) == 1 and not primitive:
        return [{"required": names}]
    return [{"anyOf": [{"required": [name]} for name in (*names, *primitive)]}]


def exclusions(choices: list[list[tuple[str, str]]]) -> Schema:
    """For each `value[x]`, that no other choice stands beside it."""
    made: Schema = {}
    for choice in choices:
        for name, _ in choice:
            others = [{"required": [other]} for other, _ in choice if other != name]
            made[name] = {"not": {"anyOf": others}}
    return made
