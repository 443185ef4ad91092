"""Expressions of search parameters lead to the elements that FHIRPath finds."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fhirpathpy import compile as fhirpath
from fhirpathpy.models import models

from fhir_api.search.index.walks import Collect, collector
from fhir_api.search.r4.expressions import CAST, EXTENSION, NotUnderstood, Step, paths_of
from fhir_api.search.r4.registry import SearchParameter, parameters
from fhir_api.search.r4.sources import sources
from fhir_api.search.r4.ways import ways_of
from fhir_api.validation.elements import resource_types
from tests.support.index import examples

BEYOND_THE_LIBRARY = ("resolve()", "hasExtension", "exists()")
LARGEST = 60_000  # characters of an example; the library is slow


def names(resource_type: str, expression: str) -> list[tuple[str, ...]]:
    paths = paths_of(expression, resource_type)
    ways = [way for path in paths for way in ways_of(resource_type, path)]
    return [tuple(hop.name for hop in way.hops) for way in ways]


@cache
def ours(resource_type: str, name: str) -> Collect:
    parameter = parameters(resource_type)[name]
    paths = paths_of(parameter.expression, parameter.base)
    return collector(way for path in paths for way in ways_of(resource_type, path))


@cache
def theirs(expression: str) -> Any:
    valued = EXTENSION.sub(r"\g<0>.value", CAST.sub(r"\1.ofType(\2)", expression))
    return fhirpath(valued, models["r4"])  # an extension is meant, and its value compared


def comparable(resource_type: str) -> Iterator[tuple[SearchParameter, str]]:
    """The parameters that the library can evaluate, and how it must be asked."""
    for each in parameters(resource_type).values():
        if each.expression and not any(word in each.expression for word in BEYOND_THE_LIBRARY):
            yield each, each.expression.replace(f"{each.base}.", f"{resource_type}.")


def distinct(found: list[Any]) -> set[str]:
    return {json.dumps(each, sort_keys=True, default=str) for each in found}


def test_the_elements_are_those_that_a_fhirpath_library_finds() -> None:
    compared = 0
    for resource in examples():
        if len(json.dumps(resource, default=str)) < LARGEST:
            kind = resource["resourceType"]
            for parameter, expression in comparable(kind):
                found = distinct(ours(kind, parameter.name)(resource))
                assert found == distinct(theirs(expression)(resource)), (kind, parameter.name)
                compared += 1
    assert compared > 8000


def test_a_choice_is_each_of_its_names_in_json() -> None:
    assert names("Observation", "Observation.effective") == [
        ("effectiveDateTime",),
        ("effectivePeriod",),
        ("effectiveTiming",),
        ("effectiveInstant",),
    ]
    assert names("Condition", "Condition.onset.as(Age) | Condition.onset.as(Range)") == [
        ("onsetAge",),
        ("onsetRange",),
    ]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("(Observation.value as Quantity)", ["value", "Quantity"]),
        ("Observation.value.ofType(Quantity)", ["value", "Quantity"]),
        ("(Observation.value as CodeableConcept).text", ["value", "CodeableConcept", "text"]),
        ("Observation.component.code", ["component", "code"]),
        ("Observation", []),
    ],
)
def test_steps_are_read_in_order(expression: str, names: list[str]) -> None:
    (path,) = paths_of(expression, "Observation")

    assert [step.text for step in path.steps] == names


def test_conditions_stay_whole_though_dots_are_in_them() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject"

    (path,) = paths_of(f"item.where(hasExtension('{url}')).answer")

    assert path.steps == (
        Step("name", "item"),
        Step("has-extension", url),
        Step("name", "answer"),
    )


@pytest.mark.parametrize(
    "expression",
    ["Patient.name.given.first()", "Patient.name.where(use != 'old')", "Patient.nowhere", "1 + 1"],
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(NotUnderstood, match="not understood"):
        names("Patient", expression)


def test_every_published_expression_is_read_or_has_its_reason() -> None:
    reasons = {
        (kind, each.parameter.name): each.why_not
        for kind in resource_types()
        for each in sources(kind)
        if each.why_not and each.parameter.base == kind
    }

    assert set(reasons) == {
        ("DocumentReference", "relationship"),  # HL7 names its parts the wrong way round
        ("Location", "near"),
        ("Patient", "age"),
        ("Patient", "birthOrderBoolean"),
    }
