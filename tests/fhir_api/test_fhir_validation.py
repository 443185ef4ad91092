"""What is R4 passes; what is not is named to the element, and never quoted."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.validation.elements import resource_types
from fhir_api.validation.validator import Validator
from tests.support.fhir import observation, patient

VALIDATOR = Validator()
SECRET = "Quillfeather"
ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}


def places(resource: Any) -> list[str | None]:
    return [issue.expression for issue in VALIDATOR.validate(resource)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"gender": SECRET}, "Patient.gender"),
        ({"birthDate": "2021-02-29"}, "Patient.birthDate"),
        ({"birthDate": f"1961-{SECRET}"}, "Patient.birthDate"),
        ({"colour": SECRET}, "Patient.colour"),
        ({"name": {"family": SECRET}}, "Patient.name"),
        ({"name": [{"family": [SECRET]}]}, "Patient.name[0].family"),
        ({"active": "true"}, "Patient.active"),
        ({"id": SECRET * 10}, "Patient.id"),
        ({"contact": [{}]}, "Patient.contact[0]"),
        ({"contact": []}, "Patient.contact"),
        ({"name": [{"family": ""}]}, "Patient.name[0].family"),
        ({"multipleBirthInteger": 2**31}, "Patient.multipleBirthInteger"),
        ({"link": [{"other": {"reference": "Patient/1"}}]}, "Patient.link[0].type"),
    ],
)
def test_the_element_that_is_wrong_is_named(change: dict[str, Any], place: str) -> None:
    found = VALIDATOR.validate(patient(**change))

    assert place in [issue.expression for issue in found]
    assert SECRET not in " ".join(issue.diagnostics for issue in found)


def test_a_path_begins_where_the_caller_says() -> None:
    [issue] = VALIDATOR.validate(patient(gender="x"), "Bundle.entry[7].resource")

    assert issue.expression == "Bundle.entry[7].resource.gender"
    assert issue.code == "code-invalid"


def test_two_values_of_one_choice_are_one_too_many() -> None:
    both = observation(valueString="high", valueInteger=3)

    assert VALIDATOR.validate(both) != []


def test_a_missing_element_is_named_as_required() -> None:
    without = observation()
    del without["status"]

    [issue] = VALIDATOR.validate(without)

    assert (issue.code, issue.expression) == ("required", "Observation.status")


def test_a_reason_for_absence_stands_for_a_required_primitive() -> None:
    without = observation(_status=ABSENT)
    del without["status"]

    assert VALIDATOR.validate(without) == []


def test_a_resource_inside_a_resource_is_checked_in_its_place() -> None:
    inner = {"resourceType": "Medication", "id": "m", "status": "no-such-status"}
    asked = {
        "resourceType": "MedicationRequest",
        "contained": [inner],
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/1"},
        "medicationReference": {"reference": "#m"},
    }

    assert places(asked) == ["MedicationRequest.contained[0].status"]


@pytest.mark.parametrize("kind", ["NopeType", None, 7, "patient", "Element", "DomainResource"])
def test_a_type_that_r4_does_not_have_is_refused(kind: Any) -> None:
    assert places({"resourceType": kind}) == ["resourceType"]


def test_an_unknown_type_inside_a_bundle_is_refused_in_its_place() -> None:
    held = {"resource": {"resourceType": "NopeType"}}
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [held]}

    assert places(outer) == ["Bundle.entry[0].resource.resourceType"]


def test_types_that_r4b_dropped_are_still_r4() -> None:
    synthesis = {"resourceType": "EffectEvidenceSynthesis", "status": "active"}
    references = {
        name: {"reference": "EvidenceVariable/1"}
        for name in ("population", "exposure", "exposureAlternative", "outcome")
    }

    assert VALIDATOR.validate(synthesis | references) == []
    assert len(resource_types()) == 148 - 2  # without Resource and DomainResource


def test_decimals_of_any_precision_are_numbers() -> None:
    measured = {"value": Decimal("0.0100"), "unit": "mg"}

    assert VALIDATOR.validate(observation(valueQuantity=measured)) == []


@given(st.dictionaries(st.text(max_size=12), st.just(SECRET), min_size=1, max_size=4))
def test_no_message_ever_holds_a_value(elements: dict[str, Any]) -> None:
    found = VALIDATOR.validate(patient() | elements | {"resourceType": "Patient"})

    assert all(SECRET not in f"{issue.diagnostics} {issue.expression}" for issue in found)


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)))
def test_anything_at_all_is_answered_with_issues_and_no_accident(value: Any) -> None:
    assert VALIDATOR.validate(value) != []
    assert VALIDATOR.validate(patient(name=value)) != []


def test_a_huge_wrong_resource_is_told_one_thing_and_not_a_million() -> None:
    huge = patient(name=[{"colour": SECRET}] * 50_000)

    assert len(VALIDATOR.validate(huge)) == 1
    assert len(VALIDATOR.validate(patient(name=[{"colour": SECRET}] * 50))) == 20
