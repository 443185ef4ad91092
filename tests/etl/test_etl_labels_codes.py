"""Code lists of the label: where patients went, what was planned, which group a code is in."""

import json
import tarfile
from typing import Any

import pytest

from etl.labels.ccs import diagnosis_category, icd9_diagnoses, procedure_category
from etl.labels.dispositions import destination, words
from etl.labels.errors import UnknownLabelSpec
from etl.labels.index import label_patient
from etl.labels.planned import code_sets
from etl.rules import SiteRules
from tests.support.data import shared_data
from tests.support.vignettes import SUBJECT, agrees, coded, stays, told, verdicts

SPEC = "cms-hwr-2019"
HL7 = "http://terminology.hl7.org/CodeSystem/discharge-disposition"


@pytest.mark.parametrize(
    ("pair", "category"),
    [
        ("http://hl7.org/fhir/sid/icd-10-cm//I50.9", 108),
        ("http://hl7.org/fhir/sid/icd-9-cm//428.0", 108),
        ("http://hl7.org/fhir/sid/icd-9-cm//V58.11", 45),
        ("http://hl7.org/fhir/sid/icd-10-cm//not-a-code", None),
        ("http://snomed.info/sct//84114007", None),
    ],
)
def test_diagnosis_has_its_ccs_category(pair: str, category: int | None) -> None:
    assert diagnosis_category(pair) == category


def test_procedures_have_categories_in_icd10_only() -> None:
    assert procedure_category("http://www.cms.gov/Medicare/Coding/ICD10//02100Z9") == 44
    assert procedure_category("http://hl7.org/fhir/sid/icd-9-cm//36.11") is None


def test_icd9_table_is_read_to_its_last_category() -> None:
    table = icd9_diagnoses()

    assert len(table) > 15_000
    assert min(table.values()) == 1
    assert max(table.values()) > 650


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("hosp", "hospice"),
        ("exp", "died"),
        ("snf", "nursing_facility"),
        ("aadvice", "against_advice"),
    ],
)
def test_hl7_hospice_is_not_taken_for_a_hospital(code: str, word: str) -> None:
    assert destination([f"{HL7}//{code}"]) == word


def test_unknown_disposition_is_unknown() -> None:
    assert destination(["house-list//somewhere"]) is None
    assert destination([]) is None


def test_every_code_of_the_hl7_list_is_known() -> None:
    archive = shared_data("hl7_fhir_r4_definitions") / "definitions.tar.xz"
    with tarfile.open(archive) as definitions:
        listed = definitions.extractfile("CodeSystem-encounter-discharge-disposition.json")
        assert listed is not None
        codes = {concept["code"] for concept in json.load(listed)["concept"]}

    assert codes <= set(words())


def test_label_specification_without_a_file_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownLabelSpec, match="cms-hwr-2019"):
        label_patient([], SiteRules(label_spec="cms-hwr-1999"))


def test_code_sets_have_the_sizes_cms_published() -> None:
    sets = code_sets(SPEC)

    assert len(sets.procedures) == 63
    assert len(sets.excluded) == 35 + 1 + 11
    assert sets.always_diagnoses == {45, 254}


def claim(sequence: int, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Claim",
        "id": f"claim-{sequence}",
        "patient": SUBJECT,
        "created": "2020-01-05",
        "item": [{"encounter": [{"reference": "Encounter/first"}]}],
        "diagnosis": [
            {
                "sequence": sequence,
                "diagnosisCodeableConcept": coded("http://hl7.org/fhir/sid/icd-10-cm", code),
            }
        ],
    }


def test_claim_gives_the_principal_diagnosis_where_the_encounter_does_not() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    verdict
        first  2020-01-01T09:00  2020-01-03T10:00  home  diagnosis_cancer
        """,
        claim(1, "C34.90"),
        claim(2, "I50.9"),
    )


def test_readmission_without_codes_counts_as_unplanned_and_says_so() -> None:
    events = stays("""
        stay   admitted          discharged        to
        first  2020-01-01T09:00  2020-01-03T10:00  home
        back   2020-01-11T09:00  2020-01-14T10:00  home
    """)

    first = label_patient(events, SiteRules()).index[0]
    assert (first.event, first.label, first.planned_unknown) == ("unplanned", True, True)


def test_site_may_count_planned_readmissions_too() -> None:
    events = stays("""
        stay   admitted          discharged        to    diagnosis
        first  2020-01-01T09:00  2020-01-03T10:00  home  I50.9
        chemo  2020-01-11T09:00  2020-01-14T10:00  home  Z51.11
    """)

    assert verdicts(events, SiteRules(tell_planned=False))["first"] == "unplanned_day_8"


def test_rehabilitation_ward_named_by_the_site_is_not_acute() -> None:
    rehabilitation = coded("http://snomed.info/sct", "394602003")
    ward = {
        "resourceType": "Encounter",
        "id": "ward",
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": SUBJECT,
        "serviceType": rehabilitation,
        "period": {"start": "2020-01-01", "end": "2020-01-20"},
    }

    rules = SiteRules(not_acute_types=frozenset({"http://snomed.info/sct|394602003"}))
    assert verdicts(told(ward), rules) == {"ward": "not_acute_inpatient"}
    assert verdicts(told(ward), SiteRules()) == {"ward": "none"}
