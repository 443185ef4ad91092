"""Why a resource is not R4, element by element, in sentences that hold no value of it.

The models of `fhir.resources` (R4B, the same as R4 for every type that both have) speak first;
what they let pass, such as a code outside a required binding, the schema adds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any

import jsonschema_rs
from pydantic import BaseModel, ValidationError

from fhir_api.json_text import dump
from fhir_api.validation.issue import Issue

MISSING = {"model_field_validation.missing", "missing"}
CODES = dict.fromkeys(MISSING, "required")
MOST_ISSUES = 20  # of one resource; whoever mends these is told the rest
LARGEST_EXPLAINED = 1_000_000  # bytes
ELEMENT_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")
Place = Sequence[str | int]


def explain(schema: Any, resource: Mapping[str, Any], kind: str, prefix: str) -> list[Issue]:
    """Issues of a resource that `schema`, its compiled JSON Schema, refuses; 1 to MOST_ISSUES.

    Of a resource of over a megabyte only the first thing wrong is told: a million of the same
    would take minutes and gigabytes.
    """
    if len(dump(resource)) > LARGEST_EXPLAINED:
        return first_issue(schema, resource, prefix)
    told = model_issues(resource, kind, prefix)
    found: dict[str | None, Issue] = {}
    for issue in chain(islice(told, MOST_ISSUES), schema_issues(schema, resource, prefix)):
        found.setdefault(issue.expression, issue)
        if len(found) == MOST_ISSUES:
            break
    return list(found.values())


def first_issue(schema: Any, resource: Mapping[str, Any], prefix: str) -> list[Issue]:
    """What the schema meets first."""
    try:
        schema.validate(resource)
    except jsonschema_rs.ValidationError as error:
        return list(issues_of(error, prefix))
    return []


def model_issues(resource: Mapping[str, Any], kind: str, prefix: str) -> Iterator[Issue]:
    """What the model of `fhir.resources` says; nothing for types that it does not know."""
    model = model_of(kind)
    if model is None:
        return
    try:
        model.model_validate(without_nested(resource))
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            yield model_issue(each["type"], each["msg"], prefix, each["loc"])
    except (KeyError, ArithmeticError, ValueError, TypeError):
        return  # the model itself stumbled (a key error for unknown types); the schema explains


def model_issue(kind: str, message: str, prefix: str, place: Place) -> Issue:
    """The issue of one error of a model."""
    if kind == "extra_forbidden":
        return unknown_element(str(place[-1]), prefix, place[:-1])
    code = CODES.get(kind, "value")
    return Issue(code, sentence(kind, message), path_of(prefix, place))


def model_of(kind: str) -> type[BaseModel] | None:
    """The model class of a type; None for the 18 types that R4B does not have."""
    try:
        module = import_module(f"fhir.resources.R4B.{kind.lower()}")
    except ModuleNotFoundError:
        return None
    model: type[BaseModel] = getattr(module, kind)
    return model


def without_nested(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource without those inside it: they are checked on their own."""
    return {name: value for name, value in resource.items() if name not in {"contained", "entry"}}


def schema_issues(schema: Any, resource: Mapping[str, Any], prefix: str) -> Iterator[Issue]:
    """What the compiled schema says."""
    for error in schema.iter_errors(resource):
        yield from issues_of(error, prefix)


def issues_of(error: Any, prefix: str) -> Iterable[Issue]:
    """The issue of one schema error; the rule that broke is the last name of its schema path."""
    rule = [each for each in error.schema_path if isinstance(each, str)]
    where = path_of(prefix, error.instance_path)
    if "additionalProperties" in rule[-1:]:
        return [unknown_element(name, prefix, error.instance_path) for name in unexpected(error)]
    if "dependentSchemas" in rule:
        choice = error.schema_path[error.schema_path.index("dependentSchemas") + 1]
        return [Issue("invariant", f"{choice} excludes every other choice of it.", where)]
    if absent := missing_element(error, rule):
        return [Issue("required", "A required element is missing.", f"{where}.{absent}")]
    return [Issue(issue_code(rule), requirement(error, rule), where)]


def missing_element(error: Any, rule: Sequence[str]) -> str | None:
    """The element that a rule of presence misses; the first of several that would do."""
    if rule[-1:] == ["required"]:
        return str(error.kind.property)
    if rule[-2:] == ["allOf", "anyOf"]:
        return str(error.kind.context[0][0].kind.property)
    return None


def unexpected(error: Any) -> list[str]:
    """Names of elements that the schema does not know."""
    names: list[str] = list(error.kind.unexpected)[:MOST_ISSUES]
    return names


def unknown_element(name: str, prefix: str, place: Place) -> Issue:
    """The issue of an unknown element; its name is shown only if it looks like one."""
    if not ELEMENT_NAME.fullmatch(name):
        return Issue(
            "structure", "It has an element that R4 does not know.", path_of(prefix, place)
        )
    return Issue("structure", "R4 does not know this element.", path_of(prefix, [*place, name]))


def issue_code(rule: Sequence[str]) -> str:
    """The OperationOutcome code of a broken rule."""
    return "code-invalid" if rule[-1:] == ["enum"] else "value"


def requirement(error: Any, rule: Sequence[str]) -> str:
    """What the element should be, from the schema; never what it is."""
    detail: dict[str, str] = {
        "anyOf": "A member of the list does not have the format of its type.",
        "enum": "The code is not one of the required value set.",
        "pattern": "The text does not have the format of its type.",
        "minLength": "Empty text is not allowed; leave the element out.",
        "minItems": "An empty list is not allowed; leave the element out.",
        "minProperties": "An empty object is not allowed; leave the element out.",
        "type": f"It must be of JSON type {expected_type(error)}.",
    }
    last = next((each for each in reversed(rule) if each in detail), "pattern")
    return detail[last]


def expected_type(error: Any) -> str:
    """The JSON types that the schema wants."""
    types = getattr(error.kind, "types", None)
    return " or ".join(types) if types else "as R4 says"


def sentence(kind: str, message: str) -> str:
    """A model's message; only those are passed on that cannot hold a value."""
    if kind in MISSING:
        return "A required element is missing."
    if "one of" in message:
        return "More than one choice of the same element is given."
    return "The value does not have the form that its type requires."


def path_of(prefix: str, place: Place) -> str:
    """FHIRPath below `prefix`: names after a dot, positions in brackets."""
    return prefix + "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)
