"""Filters: read from criteria, asked of resources, shown as the caller knows them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.reidentify import Presenter
from fhir_api.subscriptions.filters import Filter, criterion_of, read_filters
from fhir_api.subscriptions.topics import load_topics
from tests.support.subscriptions import KEYS, RISK, STAY, risk, stay, stored_id

TOPICS = load_topics()
ANN = f"Patient/{stored_id('Patient', 'ann')}"


def presenter(*, identified: bool = True) -> Presenter:
    return Presenter(KEYS, None, identified=identified)


def read(criterion: str, topic: str = STAY) -> list[Filter]:
    found, wrong = read_filters(criterion, TOPICS[topic], presenter(), "here")
    assert wrong == []
    return found


def passes(criterion: str, body: Any, topic: str = STAY) -> bool:
    definitions = TOPICS[topic].filters
    return all(each.passes(definitions[each.name], body) for each in read(criterion, topic))


@pytest.mark.parametrize(
    "written", ["Patient/ann", "ann", "Patient/ann,Patient/bob", "Patient/bob,ann"]
)
def test_a_patient_is_named_by_the_callers_own_id(written: str) -> None:
    assert passes(f"Encounter?patient={written}", stay("1").body)


def test_what_is_kept_of_a_reference_is_its_pseudonym() -> None:
    assert read("Encounter?patient=Patient/ann") == [Filter("patient", (ANN,))]


def test_another_patients_stay_does_not_pass() -> None:
    assert not passes("Encounter?patient=Patient/bob", stay("1").body)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("IMP", True),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", True),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode|", True),
        ("|IMP", False),
        ("http://other.example|IMP", False),
        ("ACUTE", False),
        ("ACUTE,IMP", True),
    ],
)
def test_a_class_is_a_token(token: str, *, expected: bool) -> None:
    assert passes(f"Encounter?class={token}", stay("1").body) is expected


def test_parameters_are_joined_by_and() -> None:
    assert passes("Encounter?patient=ann&class=IMP", stay("1").body)
    assert not passes("Encounter?patient=ann&class=ACUTE", stay("1").body)


@given(st.decimals(0, 100, places=1), st.sampled_from(["ge", "gt", "le", "lt"]))
def test_a_probability_is_compared_as_a_percentage(percent: Decimal, prefix: str) -> None:
    expected = {
        "ge": percent >= 30,
        "gt": percent > 30,
        "le": percent <= 30,
        "lt": percent < 30,
    }
    criterion = f"RiskAssessment?probability={prefix}30"

    assert passes(criterion, risk("1", percent).body, RISK) is expected[prefix]


def test_a_risk_without_a_number_passes_no_threshold() -> None:
    body = dict(risk("1", 31).body) | {"prediction": [{"qualitativeRisk": {"text": "high"}}]}

    assert not passes("RiskAssessment?probability=ge0", body, RISK)


@pytest.mark.parametrize(
    "criterion",
    [
        "Encounter",
        "Encounter?",
        "Patient?patient=ann",
        "Encounter?patient:exact=ann",
        "Encounter?unknown=ann",
        "Encounter?patient=Group/1",
        "Encounter?patient=Patient/",
        "Encounter?patient=http://elsewhere.example/Patient/1",
        "Encounter?class=",
        "Encounter?class=a|b|c",
    ],
)
def test_a_filter_that_is_not_served_is_told_without_its_value(criterion: str) -> None:
    _, wrong = read_filters(criterion, TOPICS[STAY], presenter(), "Subscription.criteria")

    assert [each.expression for each in wrong] == ["Subscription.criteria"]
    assert "elsewhere" not in wrong[0].diagnostics


@pytest.mark.parametrize("value", ["30", "eq30", "ge", "geNaN", "geInfinity", "gex"])
def test_a_threshold_needs_a_comparison_and_a_number(value: str) -> None:
    criterion = f"RiskAssessment?probability={value}"

    assert len(read_filters(criterion, TOPICS[RISK], presenter(), "here")[1]) == 1


def test_a_filter_is_shown_as_it_was_sent() -> None:
    sent = "Encounter?patient=Patient/ann&class=IMP,ACUTE"
    asked = presenter()
    found, _ = read_filters(sent, TOPICS[STAY], asked, "here")

    assert criterion_of(found, TOPICS[STAY], asked) == sent


def test_a_caller_without_identities_names_and_sees_pseudonyms() -> None:
    asked = presenter(identified=False)
    found, _ = read_filters(f"Encounter?patient={ANN}", TOPICS[STAY], asked, "here")

    assert found == [Filter("patient", (ANN,))]
    assert criterion_of(found, TOPICS[STAY], asked) == f"Encounter?patient={ANN}"


@given(st.text(max_size=60))
def test_no_text_is_too_strange_to_be_refused_in_words(text: str) -> None:
    found, wrong = read_filters(text, TOPICS[RISK], presenter(), "here")

    assert found or wrong
