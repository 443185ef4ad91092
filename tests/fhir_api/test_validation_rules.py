"""Invariants, reference targets and rules in words: who breaks them is told which and where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from fhir_api.validation.invariants import is_about_presence, is_one_path, mentioned
from fhir_api.validation.rules import broken_rules, invariants, rules_of
from fhir_api.validation.validator import Strictness, Validator
from tests.support.fhir import client, observation, patient

VALIDATOR = Validator()
BODY_TEMPERATURE = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}


def told(resource: dict[str, Any], validator: Validator = VALIDATOR) -> list[tuple[str, str]]:
    """Rule or code, and place, of each issue."""
    return [
        (issue.diagnostics.partition(":")[0] if issue.code == "invariant" else issue.code,
         issue.expression or "")
        for issue in validator.validate(resource)
    ]  # fmt: skip


def encounter(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "IMP"},
        **more,
    }


def test_a_value_beside_a_reason_for_its_absence_breaks_obs_6() -> None:
    absent = {"coding": [{"code": "unknown"}]}

    assert told(observation(valueInteger=1, dataAbsentReason=absent)) == [("obs-6", "Observation")]


def test_a_component_with_the_code_of_its_observation_breaks_obs_7() -> None:
    component = [{"code": BODY_TEMPERATURE, "valueInteger": 3}]

    same = observation(code=BODY_TEMPERATURE, valueInteger=1, component=component)
    assert ("obs-7", "Observation") in told(same)


def test_a_period_that_ends_before_it_begins_breaks_per_1() -> None:
    backwards = {"start": "2024-02-02T10:00:00Z", "end": "2024-02-01T10:00:00Z"}

    assert told(encounter(period=backwards)) == [("per-1", "Encounter.period")]


def test_a_period_over_the_end_of_summer_time_is_fine() -> None:
    autumn = {"start": "1989-10-29T01:46:40-04:00", "end": "1989-10-29T01:31:40-05:00"}

    assert told(encounter(period=autumn)) == []


@given(st.dates(), st.dates())
def test_per_1_is_broken_exactly_by_an_end_before_the_start(start: Any, end: Any) -> None:
    period = {"start": f"{start:%Y-%m-%d}".zfill(10), "end": f"{end:%Y-%m-%d}".zfill(10)}

    found = list(broken_rules(encounter(period=period), "Encounter", encounter(period=period)))

    assert [issue.expression for issue in found if issue.severity == "error"] == (
        ["Encounter.period"] if end < start else []
    )


def test_a_reference_to_a_contained_resource_that_is_not_there_breaks_ref_1() -> None:
    assert ("ref-1", "Observation.subject") in told(observation("#nobody"))


def test_a_contained_resource_that_nothing_uses_breaks_dom_3() -> None:
    idle = {"resourceType": "Organization", "id": "idle", "name": "Idle"}

    assert told(patient(contained=[idle])) == [("dom-3", "Patient.contained[0]")]
    assert told(patient(contained=[idle], managingOrganization={"reference": "#idle"})) == []


def test_a_reference_to_a_type_that_the_element_does_not_take_is_told() -> None:
    assert told(observation("Organization/1")) == [("value", "Observation.subject.reference")]
    assert told(observation("https://ehr.example/fhir/Group/1")) == []


def test_a_quantity_with_a_code_and_no_system_breaks_qty_3() -> None:
    weighed = observation(valueQuantity={"value": 70, "code": "kg"})

    assert told(weighed) == [("qty-3", "Observation.valueQuantity")]


def test_rules_reach_elements_built_like_others_and_nested_ones() -> None:
    item = {"linkId": "1", "type": "display", "required": True}
    questionnaire = {
        "resourceType": "Questionnaire",
        "status": "active",
        "item": [{"linkId": "0", "type": "group", "item": [{"linkId": "2", "type": "group",
                                                          "item": [item]}]}],
    }  # fmt: skip

    assert told(questionnaire) == [("que-6", "Questionnaire.item[0].item[0].item[0]")]


def test_a_warning_is_told_and_refuses_nothing() -> None:
    found = VALIDATOR.examine(patient())

    assert {(issue.severity, issue.diagnostics[:5]) for issue in found} == {("warning", "dom-6")}
    assert VALIDATOR.validate(patient()) == []


def test_a_site_may_leave_out_a_rule_or_all_of_them() -> None:
    wrong = observation("Organization/1", valueInteger=1, dataAbsentReason={"text": "none"})

    assert told(wrong, Validator(Strictness(ignored=frozenset({"obs-6", "targets"})))) == []
    assert told(wrong, Validator(Strictness(rules=False))) == []


def test_the_entries_of_a_bundle_need_absolute_names_and_links_stand_once() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "link": [{"relation": "self", "url": "a"}, {"relation": "self", "url": "b"}],
        "entry": [{"fullUrl": "Patient/1", "resource": patient(id="1")}],
    }

    assert told(bundle) == [
        ("value", "Bundle.link[1].relation"),
        ("value", "Bundle.entry[0].fullUrl"),
    ]


def test_rules_about_presence_are_asked_once_for_each_shape() -> None:
    [rule] = [each for each in rules_of("Quantity").invariants if each.key == "qty-3"]
    rule.shapes.clear()

    for value in range(50):
        assert rule.holds({"value": value, "code": "kg", "system": "http://u"}, {})

    assert len(rule.shapes) == 1


@pytest.mark.parametrize(
    ("expression", "rests_on"),
    [
        ("code.empty() or system.exists()", ("_code", "_system", "code", "system")),
        ("contained.where(code.exists()).empty()", ("contained",)),
        ("where(system = 'x').empty()", ("_system", "system")),
    ],
)
def test_a_rule_rests_on_the_first_steps_of_its_paths(
    expression: str, rests_on: tuple[str, ...]
) -> None:
    children = {
        "code": ["code", "_code"],
        "system": ["system", "_system"],
        "contained": ["contained"],
    }

    assert mentioned(expression, children) == rests_on


def test_every_rule_of_the_standard_is_known_by_place() -> None:
    known = {rule[0] for found in invariants().values() for rule in found}

    assert {"obs-6", "bdl-7", "qty-3", "ext-1", "dom-4"} <= known
    assert not is_one_path("a.exists() implies b.exists()")
    assert not is_about_presence("start <= end.value")


def test_validate_answers_with_all_that_is_wrong_and_stores_nothing(engine: Engine) -> None:
    api = client(engine)
    wrong = observation("Organization/1", status="finished")

    answer = api.post("/fhir/Observation/$validate", json=wrong)

    assert answer.status_code == 200
    errors = [i for i in answer.json()["issue"] if i["severity"] == "error"]
    assert {each["expression"][0] for each in errors} == {
        "Observation.status",
        "Observation.subject.reference",
    }
    assert "entry" not in api.get("/fhir/Observation?_lastUpdated=ge2000-01-01").json()


def test_validate_takes_parameters_with_a_mode_and_says_that_profiles_are_not_checked(
    engine: Engine,
) -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "mode", "valueCode": "create"},
            {"name": "profile", "valueUri": "http://profile.example"},
            {"name": "resource", "resource": observation(text={"status": "generated", "div": "x"})},
        ],
    }

    answer = client(engine).post("/fhir/Observation/$validate", json=parameters)

    assert "not-supported" in {issue["code"] for issue in answer.json()["issue"]}
    assert "error" not in {issue["severity"] for issue in answer.json()["issue"]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Observation/$validate", {"resourceType": "Parameters", "parameter": []}),
        ("Observation/$validate", {"resourceType": "Parameters", "parameter": [
            {"name": "mode", "valueCode": "guess"}]}),
        ("Observation/$validate", {"resourceType": "Parameters", "parameter": "none"}),
    ],
)  # fmt: skip
def test_validate_refuses_what_it_cannot_judge(
    engine: Engine, path: str, body: dict[str, Any]
) -> None:
    answer = client(engine).post(f"/fhir/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_validate_at_an_instance_minds_the_id(engine: Engine) -> None:
    answer = client(engine).post("/fhir/Patient/a/$validate", json=patient(id="b"))

    assert [i["expression"] for i in answer.json()["issue"] if i["severity"] == "error"] == [
        ["Patient.id"]
    ]
