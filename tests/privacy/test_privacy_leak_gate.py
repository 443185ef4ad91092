"""The gate finds a planted miss, and is silent about everyday words."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from privacy.deidentify import Deidentifier
from privacy.leaks.gate import LeakGate
from privacy.leaks.identifiers import Identifiers, identifiers_of
from privacy.policy import POLICY, load_policy
from privacy.records import CleanResource, Refusal
from tests.support.cleaning import KEYS, cleaner, observation

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "patient-4711-x",
    "identifier": [{"system": "urn:mrn", "value": "MRN-0815-22"}],
    "name": [{"family": "Quuxford", "given": ["Zoë", "M."]}],
    "telecom": [{"value": "+1 (617) 555-0143"}, {"value": "zoe.q@example.org"}],
    "address": [{"line": ["12 Elmhurst Row"], "city": "Of"}],
    "birthDate": "1950-09-09",
}


@pytest.fixture
def leaky(tmp_path: Path) -> Deidentifier:
    """A de-identifier whose policy lets the text value of an Observation through."""
    written = POLICY.read_text(encoding="utf-8")
    start = written.index("[resource.Observation]")
    head, table = written[:start], written[start:]
    table = table.replace('"valueString"', '"valueTime"', 1)
    table = table.replace("drop = [", 'text = ["valueString"]\ndrop = [', 1)
    path = tmp_path / "policy.toml"
    path.write_text(head + table, encoding="utf-8")
    return Deidentifier(load_policy(path), KEYS, today=date(2026, 1, 1))


def judged(leaky: Deidentifier, text: str, patient: dict[str, Any] = PATIENT) -> Any:
    return leaky.clean_batch([patient, observation(id="o1", valueString=text)])[1]


@pytest.mark.parametrize(
    "text",
    [
        "Quuxford",
        "seen with Ms Quuxford today",
        "ZOE QUUXFORD",
        "Quuxford, Zoë",
        "call 617-555-0143... +1 617 555 0143",
        "write to ZOE.Q@example.org",
        "lives at 12 Elmhurst Row",
        "see mrn 0815 22",
        "file patient-4711-x",
    ],
)
def test_an_identifier_that_a_policy_lets_through_is_stopped(
    leaky: Deidentifier, text: str
) -> None:
    refusal = judged(leaky, text)

    assert isinstance(refusal, Refusal)
    assert refusal.path == "Observation.valueString"
    assert refusal.reason.startswith("leak gate")
    assert text not in refusal.reason


@pytest.mark.parametrize(
    "text",
    ["lives alone", "of no concern", "stage III", "Stage III", "final", "2 units", "Long QT", "1"],
)
def test_everyday_words_pass_even_when_they_are_names(leaky: Deidentifier, text: str) -> None:
    names = [{"family": "Stage", "given": ["Long"]}, {"family": "Of"}, {"family": "Li"}]
    patient = {
        **PATIENT,
        "id": "1",
        "name": names,
        "identifier": [{"value": "2"}, {"value": "III"}],
    }

    assert isinstance(judged(leaky, text, patient), CleanResource)


def test_two_common_names_side_by_side_are_still_a_name(leaky: Deidentifier) -> None:
    patient = {**PATIENT, "name": [{"family": "Long", "given": ["Rose"]}]}

    assert isinstance(judged(leaky, "spoke with Rose Long", patient), Refusal)


def test_a_record_number_that_equals_a_code_is_no_leak() -> None:
    patient = {**PATIENT, "identifier": [{"value": "44054006"}], "id": "7187777"}
    coding = {"system": "http://snomed.info/sct", "code": "44054006"}
    measured = observation(id="o1", code={"coding": [coding]})

    answers = cleaner().clean_batch([patient, measured])

    assert all(isinstance(answer, CleanResource) for answer in answers)


def test_a_date_that_equals_an_identifier_is_no_leak() -> None:
    gate = LeakGate(Identifiers(numbers={"2024-05-06"}, birth_dates={"2024-05-06"}))

    assert gate.leak_in({"resourceType": "Procedure", "performedDateTime": "2024-05-06"}) is None


def test_the_gate_reads_lists_and_nested_objects() -> None:
    gate = LeakGate(Identifiers(numbers={"AB-12345"}))
    body = {"resourceType": "X", "a": [{"b": {"c": ["fine", "see ab 12345"]}}]}

    leak = gate.leak_in(body)

    assert leak is not None
    assert leak.path == "X.a[0].b.c[1]"


def test_the_gate_reads_stored_notes() -> None:
    gate = LeakGate(Identifiers(people={("Zoë", "Quuxford")}))

    assert gate.leak_in({"data": "Wm/DqyBRdXV4Zm9yZA=="}) is not None


def test_probes_come_from_every_corner_of_the_batch() -> None:
    maiden = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
    contact = {"name": {"family": "Elder"}, "telecom": [{"value": "555-0199"}]}
    patient = {
        **PATIENT,
        "contact": [contact],
        "extension": [{"url": maiden, "valueString": "Ada Byron"}],
    }
    place = {"resourceType": "Organization", "id": "o", "name": "Elm Hospital"}
    stay = {"resourceType": "Encounter", "id": "e", "contained": [place]}
    bundle = {"resourceType": "Bundle", "id": "b", "entry": [{"resource": stay}]}

    found = identifiers_of([patient, bundle], displays=False)

    assert found.people == {("Zoë", "M.", "Quuxford"), ("Elder",), ("Ada", "Byron")}
    assert found.numbers >= {"patient-4711-x", "MRN-0815-22", "555-0199", "o", "e", "b"}
    assert found.places == {"Elm Hospital"}
    assert found.cities == {"Of"}
    assert found.birth_dates == {"1950-09-09"}


def test_names_beside_references_are_read_for_notes_only() -> None:
    stay = {"performer": [{"actor": {"reference": "Practitioner/8", "display": "Dr. Ida Moss"}}]}

    assert identifiers_of([stay], displays=False).displayed == set()
    assert identifiers_of([stay], displays=True).displayed == {("Dr.", "Ida", "Moss")}


@pytest.mark.parametrize(
    "odd",
    [
        {"resourceType": ["Patient"], "id": "a"},
        {"resourceType": "Bundle", "id": "a", "entry": [None, {"resource": "Ann"}, {}]},
        {"resourceType": "Parameters", "id": "a", "parameter": "Ann"},
        {"resourceType": "Patient", "id": "a", "name": "Ann", "telecom": ["Ann"], "address": [5]},
        {"resourceType": "Patient", "id": "a", "identifier": "Ann", "contained": ["Ann"]},
        {"resourceType": "Encounter", "id": "a", "identifier": [None, {"value": 5}]},
    ],
)
def test_resources_of_odd_shape_are_read_without_a_fault(odd: dict[str, Any]) -> None:
    assert len(cleaner("scrub").clean_batch([odd])) == 1
