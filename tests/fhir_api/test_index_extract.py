"""What a resource is found by, one example for each kind of parameter."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.json_text import parse
from fhir_api.search.index.extract import values_of
from fhir_api.search.r4.kinds import READINGS
from fhir_api.validation.elements import resource_types
from tests.support.index import codes, examples, found_by

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
DAY = ("2024-03-01T00:00:00+00:00", "2024-03-02T00:00:00+00:00")


def concept(code: str, system: str = LOINC) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: str, unit: str = "mm[Hg]") -> dict[str, Any]:
    return {"value": Decimal(value), "system": UCUM, "code": unit}


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "a", "status": "final", **more}


BLOOD_PRESSURE = observation(
    code=concept("85354-9"),
    component=[
        {"code": concept("8480-6"), "valueQuantity": quantity("120")},
        {"code": concept("8462-4"), "valueQuantity": quantity("80.5")},
    ],
)


def test_code_does_not_take_the_codes_of_components_and_combo_code_does() -> None:
    assert codes(BLOOD_PRESSURE, "code") == ["85354-9"]
    assert codes(BLOOD_PRESSURE, "component-code") == ["8480-6", "8462-4"]
    assert codes(BLOOD_PRESSURE, "combo-code") == ["85354-9", "8480-6", "8462-4"]


def test_the_parts_of_a_composite_share_a_place() -> None:
    found = found_by(BLOOD_PRESSURE)

    assert found["component-code-value-quantity$1"] == [(1, LOINC, "8480-6"), (2, LOINC, "8462-4")]
    assert found["component-code-value-quantity$2"] == [
        (1, UCUM, "mm[Hg]", "119.5", "120.5"),
        (2, UCUM, "mm[Hg]", "80.45", "80.55"),
    ]
    assert "code-value-quantity$1" not in found  # the resource itself has no value


def test_a_composite_over_two_places_counts_on() -> None:
    both = {**BLOOD_PRESSURE, "valueQuantity": quantity("90")}

    places = [each[0] for each in found_by(both)["combo-code-value-quantity$2"]]

    assert places == [1, 2, 3]


def test_a_part_may_begin_at_the_resource() -> None:
    sequence = {
        "resourceType": "MolecularSequence",
        "referenceSeq": {"chromosome": concept("11")},
        "variant": [{"start": 22125503, "end": 22125504}],
    }

    found = found_by(sequence)

    assert found["chromosome-variant-coordinate$1"] == [(1, LOINC, "11")]
    assert found["chromosome-variant-coordinate$2"] == [(1, "22125502.5", "22125503.5")]


@pytest.mark.parametrize(
    ("element", "value", "span"),
    [
        ("effectiveDateTime", "2024-03-01", DAY),
        ("effectiveInstant", "2024-03-01T00:00:00Z", (DAY[0], "2024-03-01T00:00:01+00:00")),
        ("effectivePeriod", {"start": "2024-03-01", "end": "2024-03-01"}, DAY),
        ("effectivePeriod", {"start": "2024-03-01"}, (DAY[0], "infinity")),
        ("effectivePeriod", {"end": "2024-03-01"}, ("-infinity", DAY[1])),
        (
            "effectiveTiming",
            {"event": ["2024-03-01", "2024-02-01"]},
            ("2024-02-01T00:00:00+00:00", DAY[1]),
        ),
        (
            "effectiveTiming",
            {"repeat": {"boundsPeriod": {"start": "2024-03-01"}}},
            (DAY[0], "infinity"),
        ),
    ],
)
def test_a_date_is_found_in_each_of_its_forms(
    element: str, value: Any, span: tuple[str, str]
) -> None:
    assert found_by(observation(**{element: value}))["date"] == [span]


@pytest.mark.parametrize(
    "value", [{}, {"event": []}, {"repeat": {"count": 3}}, {"event": ["soon"]}, "weekly"]
)
def test_a_timing_that_names_no_moment_is_not_found_by_date(value: Any) -> None:
    assert "date" not in found_by(observation(effectiveTiming=value))


def test_tokens_are_codes_words_and_truths() -> None:
    patient = {"resourceType": "Patient", "gender": "male", "active": True}
    encounter = {
        "resourceType": "Encounter",
        "class": {"system": "urn:class", "code": "IMP"},
        "type": [concept("a"), {"coding": [{"code": "b"}, {"display": "no code"}]}],
    }

    assert found_by(patient)["gender"] == [("http://hl7.org/fhir/administrative-gender", "male")]
    assert found_by(patient)["active"] == [("true",)]
    assert found_by(encounter)["class"] == [("urn:class", "IMP")]
    assert found_by(encounter)["type"] == [(LOINC, "a"), ("b",)]


@pytest.mark.parametrize(
    ("said", "deceased"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2024"}, "true"),
    ],
)
def test_every_patient_is_deceased_or_not(said: dict[str, Any], deceased: str) -> None:
    assert codes({"resourceType": "Patient", **said}, "deceased") == [deceased]


def test_a_reference_is_found_by_the_parameters_that_may_point_there() -> None:
    found = found_by(observation(subject={"reference": "Group/p1g"}))

    assert found["subject"] == [("Group/p1g",)]
    assert "patient" not in found
    assert codes(observation(subject={"reference": "Patient/p1a"}), "patient") == ["Patient/p1a"]


def test_what_is_contained_is_not_found_by_its_reference() -> None:
    assert "subject" not in found_by(observation(subject={"reference": "#inner"}))


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    plan = {
        "resourceType": "CarePlan",
        "instantiatesCanonical": ["http://x.example/plan|2", "http://x.example/other"],
    }

    assert found_by(plan)["instantiates-canonical"] == [
        ("2", "http://x.example/plan"),
        ("http://x.example/other",),
    ]


def test_strings_are_found_in_comparable_form_and_as_written() -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Müller", "given": ["Ann  Marie"]}],
        "address": [{"city": "Köln", "line": ["Ring 1"]}],
    }

    found = found_by(patient)

    assert found["name"] == [("Müller", "muller"), ("Ann  Marie", "ann marie")]
    assert found["address"] == [("Ring 1", "ring 1"), ("Köln", "koln")]
    assert found["given"] == [("Ann  Marie", "ann marie")]


@pytest.mark.parametrize(
    ("value", "row"),
    [
        (quantity("5.40"), (UCUM, "mm[Hg]", "5.395", "5.405")),
        ({"value": Decimal("5.4"), "unit": "mmol"}, ("mmol", "5.35", "5.45")),
        ({"value": 5}, ("4.5", "5.5")),
        ({"value": 5, "comparator": "<"}, ("-Infinity", "5")),
        ({"value": 5, "comparator": "<="}, ("-Infinity", "5.5")),
        ({"value": 5, "comparator": ">"}, ("5", "Infinity")),
        ({"value": 5, "comparator": ">="}, ("4.5", "Infinity")),
    ],
)
def test_a_quantity_is_found_by_the_range_it_stands_for(
    value: dict[str, Any], row: tuple[str, ...]
) -> None:
    assert found_by(observation(valueQuantity=value))["value-quantity"] == [row]


def test_onset_is_an_age_or_a_range_or_a_date_by_its_name() -> None:
    years = {"low": quantity("40", "a"), "high": quantity("49", "a")}

    def onset(**said: Any) -> dict[str, Any]:
        found = found_by({"resourceType": "Condition", **said})
        return {name: rows for name, rows in found.items() if name.startswith("onset")}

    assert onset(onsetAge=quantity("40", "a")) == {"onset-age": [(UCUM, "a", "39.5", "40.5")]}
    assert onset(onsetRange=years) == {"onset-age": [(UCUM, "a", "39.5", "49.5")]}
    assert onset(onsetDateTime="2024-03-01") == {"onset-date": [DAY]}
    assert onset(onsetString="At birth") == {"onset-info": [("At birth", "at birth")]}


def test_money_is_found_by_its_currency() -> None:
    invoice = {"resourceType": "Invoice", "totalNet": {"value": Decimal("9.5"), "currency": "EUR"}}

    assert found_by(invoice)["totalnet"] == [("urn:iso:std:iso:4217", "EUR", "9.45", "9.55")]


def test_a_condition_of_a_path_leaves_the_others_out() -> None:
    patient = {
        "resourceType": "Patient",
        "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b.example"}],
    }

    assert codes(patient, "telecom") == ["1", "a@b.example"]
    assert codes(patient, "phone") == ["1"]
    assert codes(patient, "email") == ["a@b.example"]


def test_only_the_first_entry_of_a_document_is_its_composition() -> None:
    entries = [{"resource": {"resourceType": "Composition", "id": id_}} for id_ in "ab"]

    assert codes({"resourceType": "Bundle", "entry": entries}, "composition") == ["Composition/a"]


def test_an_extension_is_found_by_its_address() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
    given = [{"url": url, "valueCodeableConcept": concept("12014")}, {"url": "urn:other"}]

    assert codes(observation(extension=given), "gene-identifier") == ["12014"]


def test_a_value_given_twice_is_one_row() -> None:
    twice = observation(category=[concept("lab"), concept("lab")])

    assert codes(twice, "category") == ["lab"]


def test_every_example_of_hl7_yields_values_without_error() -> None:
    met = {
        (resource["resourceType"], value.parameter.partition("$")[0])
        for resource in examples()
        for value in values_of(resource["resourceType"], resource)
    }

    assert len({kind for kind, _ in met}) > 100
    assert len(met) > 900  # parameters; the examples leave the others empty


def shuffled(value: Any, random: Any) -> Any:
    """The same JSON, the names of its objects in another order."""
    if isinstance(value, list):
        return [shuffled(each, random) for each in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    random.shuffle(names)
    return {name: shuffled(value[name], random) for name in names}


@given(st.randoms())
def test_the_order_of_names_does_not_matter(random: Any) -> None:
    given = {**BLOOD_PRESSURE, "effectiveDateTime": "2024-03-01", "valueQuantity": quantity("9")}

    assert set(values_of("Observation", shuffled(given, random))) == set(
        values_of("Observation", given)
    )


NAMES = ["coding", "code", "value", "start", "low", "comparator", "event", "repeat", "reference"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "value", "start", "low", "comparator"]), inner
        )
    ),
    max_leaves=6,
)


@given(value=JSON, reading=st.sampled_from(list(READINGS.values())))
def test_no_shape_of_a_value_breaks_a_reading(value: Any, reading: Any) -> None:
    assert all(len(columns) == 6 for columns in reading(value))


@given(kind=st.sampled_from(sorted(resource_types())), value=JSON)
def test_no_shape_of_a_resource_breaks_the_walk(kind: str, value: Any) -> None:
    body = dict.fromkeys(("code", "subject", "identifier", "name", "component", "date"), value)

    assert isinstance(values_of(kind, body), list)


def test_decimals_of_our_json_keep_the_precision_of_the_sender() -> None:
    text = json.dumps({"resourceType": "Observation"})[:-1] + ', "valueQuantity": {"value": 1.10}}'

    found = found_by(parse(text.encode()))["value-quantity"]

    assert found == [("1.095", "1.105")]
