"""What the policy drops cannot be searched, is not advertised, and has its reason."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from fhir_api.search.index.extract import values_of
from fhir_api.search.r4.definitions import Served, parameters, served
from privacy.policy import Policy, load_policy
from privacy.records import CleanResource
from tests.support.cleaning import cleaner
from tests.support.index import examples


@cache
def policy() -> Policy:
    return load_policy()


@cache
def known() -> Served:
    return served(policy())


def changed(**decisions: str) -> Served:
    """What is served when a site decides otherwise."""
    named = {name.replace("_", "."): action for name, action in decisions.items()}
    return served(replace(policy(), decisions={**policy().decisions, **named}))


def test_every_type_of_the_policy_is_served_and_no_other() -> None:
    assert set(known()) == set(policy().resources)
    assert known().why_not("ValueSet", "name") == "The policy keeps nothing of this resource type."


def test_every_type_is_found_by_id_and_by_when_it_was_stored() -> None:
    assert all({"_id", "_lastUpdated"} <= set(names) for names in known().values())


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Patient", "name"),
        ("Patient", "phone"),
        ("Patient", "address-city"),
        ("Patient", "_tag"),
        ("Observation", "value-string"),
        ("Observation", "code-value-string"),
        ("Observation", "gene-identifier"),
        ("Organization", "name"),
        ("Coverage", "policy-holder"),
    ],
)
def test_what_is_dropped_is_not_served(kind: str, name: str) -> None:
    assert name not in known()[kind]
    assert known().why_not(kind, name) == "The policy keeps none of the elements that it reads."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Patient", "identifier"),
        ("Patient", "birthdate"),
        ("Patient", "address-state"),
        ("Patient", "address"),
        ("Patient", "deceased"),
        ("Observation", "date"),
        ("Observation", "combo-code-value-quantity"),
        ("DocumentReference", "contenttype"),
        ("MedicationRequest", "medication"),
        ("Practitioner", "_security"),
    ],
)
def test_what_is_kept_is_served(kind: str, name: str) -> None:
    assert name in known()[kind]
    assert known().why_not(kind, name) is None


def test_a_site_that_drops_an_element_does_not_serve_its_parameters() -> None:
    strict = changed(Observation_code="drop", Quantity="drop")

    gone = set(known()["Observation"]) - set(strict["Observation"])

    assert {"code", "value-quantity", "code-value-quantity", "code-value-concept"} <= gone
    assert "combo-code" in strict["Observation"]  # codes of components stay


def test_an_unknown_parameter_has_no_reason() -> None:
    assert known().why_not("Patient", "shoe-size") is None


@pytest.mark.parametrize("name", ["_text", "_content", "_filter", "_query", "age"])
def test_what_hl7_gives_no_expression_for_is_not_served(name: str) -> None:
    assert known().why_not("Patient", name) == "HL7 publishes no expression for it."


def test_nothing_is_indexed_that_is_not_served() -> None:
    unserved: set[tuple[str, str]] = set()
    for resource in examples():
        body = stored(resource)
        for value in values_of(resource["resourceType"], body) if body else ():
            name = value.parameter.partition("$")[0]
            if name not in known()[resource["resourceType"]]:
                unserved.add((resource["resourceType"], name))
    assert unserved == set()


def test_most_of_what_is_served_is_met_in_hl7s_examples() -> None:
    met = set()
    for resource in examples():
        kind, body = resource["resourceType"], stored(resource)
        met |= {(kind, value.parameter.partition("$")[0]) for value in values_of(kind, body or {})}

    kinds = {kind for kind, _ in met}
    offered = {(kind, name) for kind in kinds for name in known()[kind]}

    assert len(met & offered) > 0.3 * len(offered)


def stored(resource: dict[str, Any]) -> Any:
    """The body that would be stored; None for what the policy refuses."""
    if resource["resourceType"] not in known():
        return None
    answer = cleaner().clean_batch([resource])[0]
    return answer.body if isinstance(answer, CleanResource) else None


def test_parameters_say_what_is_defined_and_served_what_is_offered() -> None:
    assert set(known()["Observation"]) < set(parameters("Observation"))
