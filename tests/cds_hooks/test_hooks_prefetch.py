"""Prefetch: four states that mean four things, and never two patients at once."""

from typing import Any

import pytest

from cds_hooks.binding import bind
from cds_hooks.errors import InvalidCall, WrongPatient
from cds_hooks.hooks.encounter_discharge import SERVICE, EncounterDischargeContext
from cds_hooks.prefetch import Prefetched, State, read_prefetch
from tests.support.patients import (
    ANN,
    STAY,
    condition,
    discharge_prefetch,
    encounter,
    observation,
    patient,
    searchset,
)

CONTEXT = EncounterDischargeContext(userId="Practitioner/dr-no", patientId=ANN, encounterId=STAY)
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "x"}]}


def read(**prefetch: Any) -> Prefetched:
    return read_prefetch(prefetch, SERVICE.prefetch)


def told(resource: dict[str, Any]) -> dict[str, Any]:
    """A searchset that only tells how the search went, as Epic answers."""
    entry = {"resource": resource, "search": {"mode": "outcome"}}
    return {"resourceType": "Bundle", "type": "searchset", "entry": [entry]}


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, State.EMPTY),
        (searchset(), State.EMPTY),
        (told(WARNING), State.EMPTY),
        (OUTCOME, State.REFUSED),
        (told(OUTCOME), State.REFUSED),
        (searchset(condition()), State.GIVEN),
        (condition(), State.GIVEN),
    ],
)
def test_each_value_says_one_of_four_things(value: Any, state: State) -> None:
    assert read(conditions=value).states["conditions"] is state


def test_a_key_that_was_not_sent_is_absent_and_not_empty() -> None:
    states = read(conditions=None).states

    assert states["conditions"] is State.EMPTY
    assert states["procedures"] is State.ABSENT


def test_a_resource_sent_under_two_keys_is_read_once() -> None:
    found = read(encounter=encounter(), encounters=searchset(encounter()))

    assert [each.path for each in found.sent] == ["prefetch.encounter"]


def test_included_resources_are_no_matches() -> None:
    bundle = searchset(condition(), observation())
    bundle["entry"][1]["search"]["mode"] = "include"

    (found,) = read(conditions=bundle).sent

    assert found.resource["resourceType"] == "Condition"


def test_an_entry_without_a_search_mode_is_a_match() -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": condition()}]}

    assert len(read(conditions=bundle).sent) == 1


def test_keys_that_vendors_add_are_ignored() -> None:
    assert read(**{"-user": {"resourceType": "Practitioner"}}).sent == ()


def test_a_further_page_is_noticed() -> None:
    link = {"relation": "next", "url": "https://ehr.example/fhir?page=2"}

    assert read(conditions=searchset(condition()) | {"link": [link]}).truncated == {"conditions"}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "prefetch.conditions"),
        ("text", "prefetch.conditions"),
        ({}, "prefetch.conditions"),
        ({"resourceType": 7}, "prefetch.conditions"),
        ({"resourceType": "Condition"}, "prefetch.conditions.id"),
        ({"resourceType": "Bundle", "entry": {}}, "prefetch.conditions.entry"),
        ({"resourceType": "Bundle", "entry": [7]}, "prefetch.conditions.entry[0]"),
        ({"resourceType": "Bundle", "entry": [{}]}, "prefetch.conditions.entry[0]"),
        (searchset({"id": "1"}), "prefetch.conditions.entry[0].resource.resourceType"),
    ],
)
def test_what_is_no_resource_is_refused_by_its_path(value: Any, path: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        read(conditions=value)

    assert refused.value.expression == path


def test_a_complete_prefetch_of_one_patient_is_accepted() -> None:
    bind(CONTEXT, read(**discharge_prefetch()))


@pytest.mark.parametrize(
    "reference",
    [
        f"Patient/{ANN}",
        f"https://ehr.example/fhir/Patient/{ANN}",
        f"https://ehr.example/fhir/Patient/{ANN}/_history/3",
    ],
)
def test_a_subject_may_be_relative_or_absolute(reference: str) -> None:
    bind(CONTEXT, read(conditions=searchset(condition(subject={"reference": reference}))))


@pytest.mark.parametrize(
    ("prefetch", "expression"),
    [
        ({"patient": patient("bob")}, "prefetch.patient.id"),
        ({"encounter": encounter("other")}, "prefetch.encounter.id"),
        (
            {"conditions": searchset(condition(subject={"reference": "Patient/bob"}))},
            "prefetch.conditions.entry[0].resource.subject",
        ),
        (
            {"conditions": searchset(condition(subject={"display": "Ann"}))},
            "prefetch.conditions.entry[0].resource.subject",
        ),
        (
            {"conditions": searchset(condition(subject={"reference": f"Group/{ANN}"}))},
            "prefetch.conditions.entry[0].resource.subject",
        ),
    ],
)
def test_data_of_another_patient_are_refused(prefetch: dict[str, Any], expression: str) -> None:
    with pytest.raises(WrongPatient) as refused:
        bind(CONTEXT, read(**prefetch))

    assert refused.value.expression == expression
    assert ANN not in str(refused.value)


def test_what_belongs_to_no_patient_may_come_along() -> None:
    bind(CONTEXT, read(medications=searchset({"resourceType": "Medication", "id": "m1"})))
