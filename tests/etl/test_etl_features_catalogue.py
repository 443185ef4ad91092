"""The catalogue is the features' only list, and the reference page follows it."""

from pathlib import Path

import pytest

from etl.features.catalogue import CATALOGUE, NAMES, SCHEMA_HASH, as_markdown
from etl.features.comorbidities import groups_of, prefixes
from etl.features.medicines import CLASSES, FEATURES, table
from etl.features.words import describe, factor, modifiable

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "features.md"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
NAN = float("nan")


def test_reference_page_is_the_catalogue() -> None:
    written = REFERENCE.read_text(encoding="utf-8")

    assert written == as_markdown(), "python -m etl.features.catalogue > docs/reference/features.md"


def test_every_feature_has_its_own_name_and_meaning() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({feature.meaning for feature in CATALOGUE}) == len(CATALOGUE)
    assert len(SCHEMA_HASH) == 64


def test_no_feature_names_a_date_month_or_season() -> None:
    words = {word for feature in CATALOGUE for word in feature.name.split("_")}

    assert words.isdisjoint({"month", "season", "year", "date", "summer", "winter"})


def test_race_and_ethnicity_are_no_features() -> None:
    assert not any("race" in name or "ethnic" in name for name in NAMES)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("prior_stays_365d", 1.0, "1 hospital stay in the 365 days before this stay"),
        ("prior_stays_365d", 3.0, "3 hospital stays in the 365 days before this stay"),
        ("los_days", 6.0, "6 nights in hospital"),
        ("haemoglobin_last", 8.94, "last haemoglobin 8.9 g/dL"),
        ("has_heart_failure", 1.0, "heart failure"),
        ("has_heart_failure", 0.0, "no heart failure on record"),
        ("takes_insulin", 1.0, "takes insulin"),
        ("albumin_last", NAN, "Last albumin: not known"),
    ],
)
def test_feature_is_told_as_a_clinician_would(name: str, value: float, words: str) -> None:
    assert describe(name, value) == words


def test_what_the_team_can_change_is_marked() -> None:
    assert modifiable("home_medicines")
    assert not modifiable("age")
    assert factor("haemoglobin_worst") == factor("haemoglobin_last") == "anaemia"


@pytest.mark.parametrize(
    ("pair", "groups"),
    [
        (f"{ICD10}//I50.22", ("heart_failure",)),
        (f"{ICD10}//I13.0", ("heart_failure",)),
        (f"{ICD10}//E11.21", ("diabetes_with_complications",)),
        (f"{ICD10}//N18.4", ("kidney_disease",)),
        (f"{ICD10}//C78.00", ("metastatic_cancer",)),
        (f"{ICD10}//C44.9", ()),
        (f"{ICD9}//428.0", ("heart_failure",)),
        (f"{ICD9}//250.40", ("diabetes_with_complications",)),
        (f"{ICD9}//V45.1", ("kidney_disease",)),
        (f"{ICD9}//042", ("hiv_aids",)),
        (f"{ICD9}//401.9", ()),
        ("http://snomed.info/sct//84114007", None),
    ],
)
def test_diagnosis_falls_into_its_charlson_group(pair: str, groups: tuple[str, ...] | None) -> None:
    assert groups_of(pair) == groups


@pytest.mark.parametrize("column", ["icd9", "icd10"])
def test_no_charlson_prefix_hides_another(column: str) -> None:
    table = prefixes(column)

    doubled = [
        (prefix, longer)
        for prefix in table
        for longer in table
        if longer != prefix and longer.startswith(prefix) and table[longer] == table[prefix]
    ]
    assert doubled == []


def test_every_class_of_medicines_has_its_feature_and_codes() -> None:
    assert set(table()) == set(CLASSES)
    assert {f"takes_{name}" for name in CLASSES} <= {feature.name for feature in FEATURES}
    assert all(row["rxnorm"] and row["atc"] for name, row in table().items() if name in CLASSES)
