"""What each field becomes in FHIR, and what is left out because nobody could say what it means."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.errors import InvalidRequest
from fhir_api.hl7v2.conversion.times import fhir_time
from fhir_api.hl7v2.conversion.vocabulary import load_vocabulary
from fhir_api.hl7v2.wire.message import read_message
from fhir_api.hl7v2.wire.refusals import Refused
from fhir_api.validation.validator import Validator
from tests.support.hl7v2 import PID, VOCABULARY, Json, adt, converted, pv1, resources

PATIENT = read_message(adt("A01")).first("PID")


def one(kind: str, *segments: str, event: str = "A01") -> Json:
    (found,) = resources(adt(event, *segments), kind)
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2015", "2015"),
        ("201502", "2015-02"),
        ("20150208", "2015-02-08"),
        ("2015020811", "2015-02-08T11:00:00-05:00"),
        ("201507081134", "2015-07-08T11:34:00-04:00"),
        ("20150208113419+0110", "2015-02-08T11:34:19+01:10"),
        ("20150208113419.25-0330", "2015-02-08T11:34:19.25-03:30"),
    ],
)
def test_times_keep_their_precision_and_get_the_zone_of_the_site(written: str, meant: str) -> None:
    assert fhir_time(written, ZoneInfo("America/New_York"), PATIENT, 7) == meant


@pytest.mark.parametrize(
    "written", ["00000000", "20150230", "2015020825", "15/02/08", "201", "20150208T11", "9" * 40]
)
def test_a_time_that_is_none_is_refused_with_its_place_and_without_its_value(written: str) -> None:
    with pytest.raises(Refused, match="PID-7") as caught:
        fhir_time(written, UTC, PATIENT, 7)

    assert written not in str(caught.value)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - as HL7 writes it
def test_every_second_can_be_written_and_read(moment: datetime) -> None:
    written = f"{moment:%Y%m%d%H%M%S}+0000"

    assert datetime.fromisoformat(fhir_time(written, UTC, PATIENT, 7)) == moment.replace(
        microsecond=0, tzinfo=UTC
    )


def test_a_patient_has_identifiers_gender_birth_date_and_what_else_pid_says() -> None:
    pid = (
        "PID|1||17^^^HOSP&1.2.3&ISO^MR~999^^^SSA^SS||Doe^Jane^Q||19780101120000|F||"
        "2106-3^White^HL70005|1 Way^^Boston^MA^02139^USA^H||(617)555^PRN^PH||eng|M||||||N||||||Y"
        "||20240105"
    )
    patient = one("Patient", pid, pv1())

    assert [(i["system"], i["value"]) for i in patient["identifier"]] == [
        ("urn:oid:1.2.3", "17"),
        ("http://hl7.org/fhir/sid/us-ssn", "999"),
    ]
    assert (patient["gender"], patient["birthDate"]) == ("female", "1978-01-01")
    assert patient["maritalStatus"]["coding"][0]["code"] == "M"
    assert patient["communication"][0]["language"]["coding"][0]["code"] == "en"
    assert patient["address"][0]["postalCode"] == "02139"
    assert [each["url"].rpartition("-")[2] for each in patient["extension"]] == [
        "race", "ethnicity",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "field", "element"),
    [("0002", "PID-16", "maritalStatus"), ("0296", "PID-15", "communication")],
)
def test_a_code_that_is_in_no_table_is_left_out(table: str, field: str, element: str) -> None:
    number = int(field.removeprefix("PID-"))
    pid = "|".join(["PID", "1", "", "17^^^H^MR"] + [""] * (number - 4) + ["Quillfeather"])
    patient = one("Patient", pid, pv1())

    assert element not in patient
    assert VOCABULARY.coding(table, "Quillfeather") is None


def test_an_unknown_sex_and_an_unknown_class_are_told_as_unknown() -> None:
    content = adt("A01", PID.removesuffix("M") + "X", pv1(f2="Z"))

    assert resources(content, "Patient")[0]["gender"] == "unknown"
    assert resources(content, "Encounter")[0]["class"]["code"] == "UNK"


@pytest.mark.parametrize(
    ("given", "meant"), [("I", "IMP"), ("E", "EMER"), ("O", "AMB"), ("P", "PRENC"), ("R", "AMB")]
)
def test_the_class_of_a_visit_is_that_of_pv1_2(given: str, meant: str) -> None:
    assert one("Encounter", PID, pv1(f2=given))["class"]["code"] == meant


def test_a_visit_has_its_people_by_role() -> None:
    visit = pv1(f7="1^A^B^^^^^^NPI", f8="2^C", f9="3^D", f17="4^E")
    encounter = one("Encounter", PID, visit)

    assert [each["type"][0]["coding"][0]["code"] for each in encounter["participant"]] == [
        "ATND", "REF", "CON", "ADM",
    ]  # fmt: skip
    assert len(resources(adt("A01", PID, visit), "Practitioner")) == 4


def test_a_practitioner_without_a_number_is_left_out() -> None:
    assert "participant" not in one("Encounter", PID, pv1(f7="^House^Gregory"))


def test_a_place_is_part_of_the_place_around_it() -> None:
    places = resources(adt("A01", PID, pv1(f3="WARD^12^A^CLINIC")), "Location")
    kinds = [each["physicalType"]["coding"][0]["code"] for each in places]

    assert kinds == ["si", "wa", "ro", "bd"]
    assert [each.get("partOf", {}).get("reference", "").partition("/")[2] for each in places] == [
        "", *(each["id"] for each in places[:3]),
    ]  # fmt: skip


def test_how_the_patient_came_and_went_is_in_the_hospitalization() -> None:
    visit = pv1(f13="R", f14="7", f36="06", f45="20240505")
    came = one("Encounter", PID, visit, event="A03")["hospitalization"]

    assert {name: value["coding"][0]["code"] for name, value in came.items()} == {
        "reAdmission": "R", "admitSource": "emd", "dischargeDisposition": "06",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dg1", "system", "code"),
    [
        ("DG1|1||I50.9^Heart failure^I10C|||A", "http://hl7.org/fhir/sid/icd-10-cm", "I50.9"),
        ("DG1|1||428.0^Heart failure^I9C|||F", "http://hl7.org/fhir/sid/icd-9-cm", "428.0"),
        ("DG1|1|I9|428.0^Heart failure|||F", "http://hl7.org/fhir/sid/icd-9-cm", "428.0"),
        ("DG1|1||84114007^Heart failure^SCT|||A", "http://snomed.info/sct", "84114007"),
    ],
)
def test_a_diagnosis_is_a_condition_of_the_visit(dg1: str, system: str, code: str) -> None:
    condition = one("Condition", PID, pv1(), dg1)
    encounter = one("Encounter", PID, pv1(), dg1)

    coding = condition["code"]["coding"][0]
    assert (coding["system"], coding["code"]) == (system, code)
    assert encounter["diagnosis"][0]["condition"]["reference"] == f"Condition/{condition['id']}"
    assert encounter["diagnosis"][0]["use"]["coding"][0]["code"] in {"AD", "DD"}


def test_a_diagnosis_of_an_unknown_coding_system_keeps_its_words_alone() -> None:
    condition = one("Condition", PID, pv1(), "DG1|1||X1^Odd^LOCAL")

    assert condition["code"] == {"text": "Odd"}


def test_a_diagnosis_that_is_taken_back_is_deleted() -> None:
    stated = converted(adt("A01", PID, pv1(), "DG1|1||I50.9^HF^I10C"))
    revoked = "DG1|1||I50.9^HF^I10C" + "|" * 18 + "D"
    known = stated.known
    again = converted(adt("A08", PID, pv1(), revoked), known)
    asked = [(e["request"]["method"], e["request"]["url"].partition("/")[0])
             for e in again.bundle["entry"]]  # fmt: skip

    assert ("DELETE", "Condition") in asked
    assert "diagnosis" not in again.bundle["entry"][asked.index(("PUT", "Encounter"))]["resource"]


def test_an_allergy_has_category_criticality_and_code() -> None:
    allergy = one("AllergyIntolerance", PID, pv1(), "AL1|1|DA|7980^Penicillin^RXNORM|SV|rash")

    assert (allergy["category"], allergy["criticality"]) == (["medication"], "high")
    assert allergy["code"]["coding"][0]["code"] == "7980"
    assert "reaction" not in allergy  # words alone are no manifestation that could be kept


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [("NM", "60", {"value": 60}), ("SN", ">^60", {"value": 60, "comparator": ">"})],
)
def test_a_number_observed_is_a_quantity(kind: str, value: str, told: Json) -> None:
    observation = one("Observation", PID, pv1(), f"OBX|1|{kind}|8867-4^HR^LN||{value}|/min|||||F")

    assert observation["status"] == "final"
    assert observation["valueQuantity"] == told | {"unit": "/min"}


def test_a_number_that_is_none_is_words() -> None:
    observation = one("Observation", PID, pv1(), "OBX|1|NM|8867-4^HR^LN||sixty")

    assert "valueQuantity" not in observation
    assert observation["status"] == "unknown"


def test_coded_and_timed_values_and_several_values_have_their_place() -> None:
    coded = one("Observation", PID, pv1(), "OBX|1|CWE|8867-4^HR^LN||77^x^SCT||||||F")
    timed = one("Observation", PID, pv1(), "OBX|1|DT|8867-4^HR^LN||20240501||||||F")
    double = one("Observation", PID, pv1(), "OBX|1|NM|8867-4^HR^LN||60~120||||||F")

    assert coded["valueCodeableConcept"]["coding"][0]["code"] == "77"
    assert timed["valueDateTime"] == "2024-05-01"
    assert len(double["component"]) == 2


def test_procedures_coverages_and_relatives_are_told() -> None:
    more = (
        "PR1|1||45378^Colonoscopy^C4||202405021000",
        "IN1|1|PLAN^HMO|77|Insurer||||||||20240101|20241231||||SEL",
        "NK1|1|Doe^John|SPO|||||||||||||19770101",
    )
    content = adt("A01", PID, pv1(), *more)

    assert resources(content, "Procedure")[0]["performedDateTime"] == "2024-05-02T10:00:00+00:00"
    coverage = resources(content, "Coverage")[0]
    assert coverage["relationship"]["coding"][0]["code"] == "self"
    relative = resources(content, "RelatedPerson")[0]
    assert relative["relationship"][0]["coding"][0]["code"] == "SPS"


def test_the_same_number_of_the_same_authority_is_the_same_patient_in_any_order() -> None:
    first = one("Patient", "PID|1||17^^^A^PI~18^^^A^MR", pv1())
    other = one("Patient", "PID|1||18^^^A^MR~17^^^A^PI", pv1())
    elsewhere = one("Patient", "PID|1||18^^^B^MR", pv1())

    assert first["id"] == other["id"] != elsewhere["id"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (adt("A01", "EVN|A01", pv1()), "PID"),
        (adt("A01", "PID|1||", pv1()), "PID-3"),
        (adt("A01", "PID|1||999^^^SSA^SS", pv1()), "PID-3"),
        (adt("A01", PID), "PV1"),
        (adt("A01", PID, "PV1|1|I"), "PV1-19"),
        (adt("A01", PID, pv1(f44="soon")), "PV1-44"),
        (adt("A40", PID), "MRG"),
        (adt("A40", PID, "MRG|8830417^^^HOSP^MR"), "MRG-1"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_with_its_place(content: bytes, place: str) -> None:
    with pytest.raises(Refused) as caught:
        converted(content)

    assert caught.value.expression == place


def test_a_site_adds_its_own_codes(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[tables.0004.codes]\nKH = "IMP"\n[authorities]\nHOSP = "urn:oid:1.9"\n')
    site = load_vocabulary(file)

    assert site.code("0004", "KH") == "IMP"
    assert site.authority("HOSP", "", "") == "urn:oid:1.9"


@pytest.mark.parametrize("wrong", ["[tables.9999.codes]\na = 'b'", "[events]\nA99 = 'x'", "no"])
def test_a_site_file_that_cannot_be_right_is_refused(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(wrong)

    with pytest.raises(InvalidRequest, match=r"site\.toml"):
        load_vocabulary(file)


def test_everything_made_is_valid_fhir() -> None:
    more = (
        "DG1|1||I50.9^HF^I10C|||A",
        "AL1|1|DA|7980^P^RXNORM|SV",
        "IN1|1|P|7|Ins",
        "OBX|1|NM|8867-4^HR^LN||60~61",
        "PR1|1||45378^C^C4||2024",
        "NK1|1|Doe^John|SPO",
    )
    entries = converted(adt("A01", PID, pv1(f6="OLD^1", f7="1^A"), *more)).bundle["entry"]

    assert [Validator().validate(each["resource"]) for each in entries] == [[]] * len(entries)
