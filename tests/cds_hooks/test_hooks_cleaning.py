"""Prefetch is cleaned as ingest cleans: what cannot be used is left out and counted."""

from cds_hooks.hooks.encounter_discharge import SERVICE
from cds_hooks.prefetch import read_prefetch
from cds_hooks.scoring.cleaning import Cleaned, clean
from tests.support.hooks import VALIDATOR, cleaner
from tests.support.patients import (
    ANN,
    Resource,
    condition,
    discharge_prefetch,
    observation,
    patient,
    searchset,
)


def cleaned(prefetch: Resource) -> Cleaned:
    return clean(read_prefetch(prefetch, SERVICE.prefetch), VALIDATOR, cleaner())


def test_a_complete_prefetch_is_used_whole() -> None:
    found = cleaned(discharge_prefetch())

    assert found.left_out == 0
    assert [body["resourceType"] for body in found.bodies] == [
        reference.partition("/")[0] for reference in found.references
    ]
    assert found.references[0] == f"Patient/{ANN}"


def test_nothing_sent_is_nothing_cleaned() -> None:
    assert cleaned({}) == Cleaned((), (), 0)


def test_no_identifier_is_left_in_what_is_used() -> None:
    bodies = str(cleaned(discharge_prefetch()).bodies)

    assert [each for each in (ANN, "Canaryworth", "1950-03-14") if each in bodies] == []


def test_a_resource_that_is_no_valid_fhir_is_left_out() -> None:
    broken = condition("broken", recordedDate="yesterday")

    found = cleaned({"patient": patient(), "conditions": searchset(condition(), broken)})

    assert found.left_out == 1
    assert found.references == (f"Patient/{ANN}", "Condition/heart-failure")


def test_a_resource_the_policy_refuses_is_left_out() -> None:
    turned_round = condition(
        "negated", modifierExtension=[{"url": "urn:not", "valueBoolean": True}]
    )

    found = cleaned({"patient": patient(), "conditions": searchset(turned_round, condition())})

    assert found.left_out == 1
    assert "Condition/negated" not in found.references


def test_absolute_and_relative_subjects_become_one_pseudonym() -> None:
    absolute = observation("absolute", subject={"reference": f"https://ehr.example/Patient/{ANN}"})

    found = cleaned({"observations": searchset(observation(), absolute)})

    assert len({body["subject"]["reference"] for body in found.bodies}) == 1
