"""The stay as a bag of codes, and the history as steps."""

from datetime import UTC, datetime
from math import isnan
from typing import Any

from etl.features.compute import feature_row
from etl.features.row import FeatureRow
from etl.rules import SiteRules
from tests.support.vignettes import SUBJECT, coded, condition, patient, stays, told

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
PICTURE = """
    stay    hospital  admitted          discharged        to    diagnosis
    before  north     2020-01-01T09:00  2020-01-03T10:00  home  I50.9
    now     north     2020-01-10T08:00  2020-01-12T10:00  snf   J44.1
"""


def row(*more: dict[str, Any], picture: str = PICTURE) -> FeatureRow:
    events = stays(picture) + told(*more)
    return feature_row(events, datetime(2020, 1, 12, 10, tzinfo=UTC), "now", SiteRules())


def observation(name: str, at: str, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "subject": SUBJECT,
        "effectiveDateTime": at,
        "encounter": {"reference": "Encounter/now"},
        **elements,
    }


def test_stay_codes_tell_this_stay_and_not_the_one_before() -> None:
    assert row().stay_codes == (
        "ADMISSION//IMP",
        f"DIAGNOSIS//{ICD10}//J44.1",
        "DISPOSITION////snf",
        f"PRINCIPAL//{ICD10}//J44.1",
        f"PRINCIPAL_GROUP//{ICD10}//J44",
        "PRINCIPAL_ILLNESS//chronic_lung",
    )


def test_demographic_classes_are_stay_codes() -> None:
    assert "DEMOGRAPHIC//gender//female" in row(patient("1950", gender="female")).stay_codes


def test_coded_answer_becomes_part_of_its_code() -> None:
    answer = observation(
        "a1c", "2020-01-11", code=coded("uci", "A1C"), valueCodeableConcept=coded("uci", ">8")
    )

    assert "OBSERVATION//uci//A1C//>8" in row(answer).stay_codes


def test_steps_run_from_the_oldest_to_the_newest() -> None:
    steps = row().steps

    assert [step.hours_before for step in steps] == [265.0, 216.0, 50.0, 0.0]
    assert steps[0].codes == ("ADMISSION//IMP",)


def test_discharge_being_asked_about_is_no_step() -> None:
    discharges = [code for step in row().steps for code in step.codes if code.startswith("DISCH")]

    assert discharges == ["DISCHARGE//home"]


def test_result_told_twice_in_one_step_keeps_the_newest_value() -> None:
    code = coded(LOINC, "718-7")
    first = observation("h1", "2020-01-11T12:00:00Z", code=code, valueQuantity={"value": 9.0})
    second = observation("h2", "2020-01-11T18:00:00Z", code=code, valueQuantity={"value": 8.0})
    steps = row(first, second).steps

    told_values = [
        value
        for step in steps
        for name, value in zip(step.codes, step.values, strict=True)
        if name == f"OBSERVATION//{LOINC}//718-7"
    ]
    assert told_values == [8.0]


def test_numbers_that_are_no_measurement_stay_out_of_steps() -> None:
    numbers = [
        value
        for step in row().steps
        for code, value in zip(step.codes, step.values, strict=True)
        if code.startswith(("ADMISSION", "DISCHARGE"))
    ]

    assert numbers
    assert all(map(isnan, numbers))


def test_long_history_keeps_its_newest_thirty_two_steps() -> None:
    visits = [
        condition(
            f"c{day}", "I10", "elsewhere", recordedDate=f"2019-{day // 28 + 1:02}-{day % 28 + 1:02}"
        )
        for day in range(60)
    ]
    steps = row(*visits).steps

    assert len(steps) == 32
    assert steps[-1].hours_before == 0.0


def test_crowded_step_keeps_sixty_four_codes_diagnoses_first() -> None:
    crowd = [
        observation(f"o{number}", "2020-01-12T09:00:00Z", code=coded(LOINC, str(number)))
        for number in range(100)
    ]
    newest = row(*crowd).steps[-1]

    assert len(newest.codes) == 64
    assert f"DIAGNOSIS//{ICD10}//J44.1" in newest.codes


def test_death_is_never_an_input() -> None:
    dead = patient("1950", deceasedDateTime="2020-01-12T09:00:00Z")
    made = row(dead)

    assert not any("DEATH" in code for step in made.steps for code in step.codes)
    assert not any("DEATH" in code for code in made.stay_codes)
