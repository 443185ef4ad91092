"""Codes of listed systems stay; local codes and displays go."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.cleaning import cleaned, observation


def coded(system: Any, code: Any, **others: Any) -> Any:
    coding = {"system": system, "code": code, **others}
    body = cleaned(observation(interpretation=[{"coding": [coding], "text": "Ann Doe"}]))
    return body.get("interpretation")


def quantity(**parts: Any) -> Any:
    return cleaned(observation(valueQuantity=parts)).get("valueQuantity")


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://loinc.org", "718-7"),
        ("http://loinc.org", "LA28397-0"),
        ("http://snomed.info/sct", "44054006"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "E119"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "S72.001A"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "250.00"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "V45.81"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "0SR90JZ"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "314076"),
        ("http://hl7.org/fhir/sid/ndc", "0093-7214-98"),
        ("http://hl7.org/fhir/sid/cvx", "140"),
        ("http://www.ama-assn.org/go/cpt", "99213"),
        ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-name", "Acetaminophen IV"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP"),
        ("http://homeward.dev/fhir/CodeSystem/risk", "readmission-30-day"),
        ("urn:oid:2.16.840.1.113883.6.238", "2106-3"),
    ],
)
def test_a_code_of_a_listed_system_stays(system: str, code: str) -> None:
    kept = coded(system, code, display="Ann Doe", version="Ann", userSelected=True)

    assert kept == [{"coding": [{"system": system, "code": code, "userSelected": True}]}]


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://hospital.example/wards", "ANN-DOE"),
        (None, "Ann Doe"),
        ("http://loinc.org", "Ann Doe"),
        ("http://loinc.org", "MRN 4711"),
        ("http://snomed.info/sct", "12345"),
        ("http://snomed.info/sct", "Ann"),
        ("http://loinc.org.evil.example/", "718-7"),
        ("http://terminology.hl7.org/patient/12345678", "IMP"),
        ("http://terminology.hl7.org/" + "a" * 5000, "IMP"),
        ("http://mimic.mit.edu/x", "two\nlines"),
        (["http://loinc.org"], "718-7"),
        ("http://loinc.org", {"a": 1}),
        ("http://loinc.org", None),
    ],
)
def test_a_local_code_or_one_of_another_shape_is_dropped(system: Any, code: Any) -> None:
    assert coded(system, code) is None


def test_a_concept_keeps_its_listed_codings_only() -> None:
    local = {"system": "http://hospital.example", "code": "XYZ"}
    loinc = {"system": "http://loinc.org", "code": "2345-7"}

    body = cleaned(observation(code={"coding": [local, loinc], "text": "Ann's sugar"}))

    assert body["code"] == {"coding": [loinc]}


def test_a_required_concept_without_a_listed_coding_says_it_is_masked() -> None:
    body = cleaned(observation(code={"text": "Ann's sugar"}))

    assert body["code"]["extension"][0]["valueCode"] == "masked"


def test_a_quantity_keeps_number_sign_unit_and_code_exactly() -> None:
    sent = {
        "value": Decimal("1.10"),
        "comparator": "<=",
        "unit": "mg/dL",
        "system": "http://unitsofmeasure.org",
        "code": "mg/dL",
    }

    assert str(quantity(**sent)["value"]) == "1.10"
    assert quantity(**sent) == sent


@pytest.mark.parametrize("unit", ["mm[Hg]", "10*3/uL", "mL/min/{1.73_m2}", "beats/minute", "%"])
def test_units_as_people_write_them_stay(unit: str) -> None:
    assert quantity(value=1, unit=unit) == {"value": 1, "unit": unit}


@pytest.mark.parametrize("unit", ["MRN 12345678", "a@b.org", "x" * 40, "Ann\nDoe", 5, None])
def test_a_unit_that_is_none_is_dropped(unit: Any) -> None:
    assert quantity(value=1, unit=unit) == {"value": 1}


@pytest.mark.parametrize(
    ("value", "unit", "kept"),
    [(89, "a", 89), (90, "a", 90), (97, "a", 90), (97, "mg", 97), (1200, "mo", 1080)],
)
def test_an_age_above_ninety_is_told_as_ninety(value: int, unit: str, kept: int) -> None:
    sent = {"value": value, "system": "http://unitsofmeasure.org", "code": unit}

    assert quantity(**sent)["value"] == kept


def test_the_age_at_onset_ends_at_ninety_too() -> None:
    age = {"value": Decimal("97.5"), "system": "http://unitsofmeasure.org", "code": "a"}

    body = cleaned({"resourceType": "Condition", "onsetAge": age})

    assert body["onsetAge"]["value"] == Decimal(90)


@pytest.mark.parametrize("value", ["seven", {"a": 1}, [7], None])
def test_a_value_that_is_no_number_is_dropped(value: Any) -> None:
    assert quantity(value=value, unit="mg") == {"unit": "mg"}


@pytest.mark.parametrize("status", ["Ann Doe", "mrn12345678", "x" * 65, "", 5, ["final"]])
def test_a_status_that_is_no_word_of_a_list_is_masked(status: Any) -> None:
    body = cleaned(observation(status=status))

    assert "status" not in body
    assert body["_status"]["extension"][0]["valueCode"] == "masked"


def test_only_addresses_under_listed_roots_stay() -> None:
    profiles = [
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-lab",
        "http://ann.example/",
    ]

    body = cleaned(observation(meta={"profile": profiles}, implicitRules="http://ann.example"))

    assert body["meta"] == {"profile": profiles[:1]}
    assert "implicitRules" not in body
