"""What each kind of resource says happened."""

from datetime import UTC, datetime
from typing import Any

import pytest

from etl.events.errors import UnreadableTime
from etl.events.event import Event
from etl.events.extract import EXTRACTORS, events_of
from tests.support.vignettes import ANN, SUBJECT, coded, condition, patient

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
STAY = {"reference": "Encounter/stay"}


def resource(resource_type: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": resource_type, "id": "one", "subject": SUBJECT, **elements}


def only(resource: dict[str, Any]) -> Event:
    (event,) = events_of(resource)
    return event


def codes(resource: dict[str, Any]) -> list[str]:
    return [event.code for event in events_of(resource)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def haemoglobin(value: str, unit: str, **elements: Any) -> dict[str, Any]:
    return resource(
        "Observation",
        status="final",
        category=[coded("", "laboratory")],
        code=coded(LOINC, "718-7"),
        effectiveDateTime="2020-01-02T06:00:00Z",
        valueQuantity={"value": float(value), "code": unit},
        **elements,
    )


def test_patient_gives_birth_death_and_classes_without_time() -> None:
    events = events_of(
        patient("1950", gender="female", deceasedDateTime="2020-05-01T10:00:00-04:00")
    )

    assert {event.code: event.time for event in events} == {
        "MEDS_BIRTH": at("1950-07-02"),
        "MEDS_DEATH": at("2020-05-01T14:00"),
        "DEMOGRAPHIC//gender//female": None,
    }


def test_patient_says_race_language_marriage_and_place_as_classes() -> None:
    us_core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    race = {"url": "ombCategory", "valueCoding": {"code": "2106-3"}}
    ann = patient(
        "1950",
        maritalStatus=coded("", "M"),
        communication=[{"language": coded("urn:ietf:bcp:47", "en-US")}],
        address=[{"state": "MA", "postalCode": "021"}],
        extension=[{"url": us_core, "extension": [race]}],
    )

    assert set(codes(ann)) >= {
        "DEMOGRAPHIC//marital//M",
        "DEMOGRAPHIC//language//en-US",
        "DEMOGRAPHIC//state//MA",
        "DEMOGRAPHIC//zip3//021",
        "DEMOGRAPHIC//race//2106-3",
    }


def encounter(**elements: Any) -> dict[str, Any]:
    return resource(
        "Encounter",
        **{"class": {"code": "IMP"}},
        period={"start": "2020-01-01T09:00:00-05:00", "end": "2020-01-05T15:00:00-05:00"},
        hospitalization={"dischargeDisposition": coded("hl7", "snf")},
        **elements,
    )


def test_encounter_says_where_it_was_and_when_it_ended() -> None:
    admission, discharge, disposition = events_of(
        encounter(status="finished", serviceProvider={"reference": "Organization/north"})
    )

    assert (admission.code, admission.text_value) == ("ADMISSION//IMP", "north")
    assert (discharge.code, discharge.time) == ("DISCHARGE//snf", at("2020-01-05T20:00"))
    assert (disposition.code, disposition.available) == (
        "DISPOSITION//hl7//snf",
        at("2020-01-05T20:00"),
    )
    assert admission.numeric_value == -300.0


def test_open_encounter_has_no_discharge_and_an_undated_disposition() -> None:
    events = events_of(encounter(status="in-progress"))

    assert {event.code: event.available for event in events} == {
        "ADMISSION//IMP": at("2020-01-01T14:00"),
        "DISPOSITION//hl7//snf": None,
    }


def test_ranked_diagnoses_point_to_their_conditions() -> None:
    ranked = {"condition": {"reference": "Condition/c1"}, "use": coded("", "DD"), "rank": 1}
    admitting = {"condition": {"reference": "Condition/c2"}, "use": coded("", "AD")}
    events = events_of(encounter(status="finished", diagnosis=[ranked, admitting]))

    found = {
        event.code: (event.text_value, event.numeric_value, event.available)
        for event in events
        if event.code.startswith("ENCOUNTER_DX")
    }
    assert found == {
        "ENCOUNTER_DX//DD": ("c1", 1.0, at("2020-01-05T20:00")),
        "ENCOUNTER_DX//AD": ("c2", None, at("2020-01-01T14:00")),
    }


def test_condition_is_known_from_the_day_it_was_recorded() -> None:
    event = only(
        condition("c1", "I50.9", "stay", onsetDateTime="2019-03", recordedDate="2020-01-02")
    )

    assert event.code == "DIAGNOSIS//http://hl7.org/fhir/sid/icd-10-cm//I50.9"
    assert (event.time, event.available) == (at("2019-03-01"), at("2020-01-02"))
    assert (event.encounter_id, event.patient_id) == ("stay", ANN)


def test_condition_without_any_date_has_no_time() -> None:
    event = only(condition("c1", "I50.9", "stay"))

    assert (event.time, event.available) == (None, None)


def test_result_is_available_when_it_was_issued() -> None:
    event = only(haemoglobin("9.1", "g/dL", issued="2020-01-02T08:30:00Z"))

    assert (event.code, event.numeric_value) == (f"LAB//{LOINC}//718-7", 9.1)
    assert (event.time, event.available) == (at("2020-01-02T06:00"), at("2020-01-02T08:30"))


@pytest.mark.parametrize(("value", "unit"), [("12.5", "g/dL"), ("125", "g/L")])
def test_result_is_told_in_one_unit(value: str, unit: str) -> None:
    event = only(haemoglobin(value, unit))

    assert event.numeric_value == pytest.approx(12.5)
    assert event.unit == "g/dL"


def test_unit_nobody_knows_is_left_as_it_is() -> None:
    event = only(haemoglobin("12.5", "spoonful"))

    assert (event.numeric_value, event.unit) == (12.5, "spoonful")


def test_abnormal_result_is_flagged_by_its_interpretation() -> None:
    low = haemoglobin("9.1", "g/dL", interpretation=[coded("", "L")])
    normal = haemoglobin("9.1", "g/dL", interpretation=[coded("", "N")])

    assert f"ABNORMAL//{LOINC}//718-7//L" in codes(low)
    assert codes(normal) == [f"LAB//{LOINC}//718-7"]


def test_abnormal_result_is_flagged_by_its_reference_range() -> None:
    usual = [{"low": {"value": 12.0}, "high": {"value": 16.5}}]

    assert f"ABNORMAL//{LOINC}//718-7//L" in codes(haemoglobin("9.1", "g/dL", referenceRange=usual))
    assert f"ABNORMAL//{LOINC}//718-7//H" in codes(haemoglobin("18", "g/dL", referenceRange=usual))


def test_blood_pressure_is_told_by_its_components() -> None:
    parts = [
        {"code": coded(LOINC, "8480-6"), "valueQuantity": {"value": 120, "code": "mm[Hg]"}},
        {"code": coded(LOINC, "8462-4"), "valueQuantity": {"value": 80, "code": "mm[Hg]"}},
    ]
    events = events_of(resource("Observation", code=coded(LOINC, "85354-9"), component=parts))

    assert [event.numeric_value for event in events] == [120.0, 80.0]


def test_coded_answer_is_a_text_and_never_a_number() -> None:
    smoking = coded(SNOMED, "266919005")
    event = only(
        resource("Observation", code=coded(LOINC, "72166-2"), valueCodeableConcept=smoking)
    )

    assert (event.text_value, event.numeric_value) == ("266919005", None)


@pytest.mark.parametrize(
    "elements",
    [
        {"resourceType": "Observation", "status": "entered-in-error"},
        {"resourceType": "Procedure", "status": "not-done"},
        {"resourceType": "MedicationRequest", "status": "cancelled"},
        {"resourceType": "MedicationStatement", "status": "not-taken"},
        {"resourceType": "Immunization", "status": "not-done"},
        {"resourceType": "DiagnosticReport", "status": "registered"},
        {"resourceType": "Condition", "verificationStatus": coded("", "refuted")},
        {"resourceType": "AllergyIntolerance", "verificationStatus": coded("", "entered-in-error")},
    ],
)
def test_what_did_not_happen_is_no_event(elements: dict[str, Any]) -> None:
    named = {name: coded(SNOMED, "1") for name in ("code", "medicationCodeableConcept")}

    assert (
        events_of({"id": "one", "subject": SUBJECT, "patient": SUBJECT, **named, **elements}) == []
    )


def test_medicine_is_found_as_concept_contained_or_reference() -> None:
    concept = {"medicationCodeableConcept": coded(RXNORM, "855332")}
    contained = {
        "contained": [{"resourceType": "Medication", "id": "m", "code": coded(RXNORM, "855332")}],
        "medicationReference": {"reference": "#m"},
    }
    reference = {"medicationReference": {"reference": "Medication/warfarin"}}

    told = [
        codes(resource("MedicationRequest", **each)) for each in (concept, contained, reference)
    ]
    assert told == [
        [f"MEDICATION_REQUEST//{RXNORM}//855332"],
        [f"MEDICATION_REQUEST//{RXNORM}//855332"],
        ["MEDICATION_REQUEST//Medication//warfarin"],
    ]


def test_medicine_for_home_keeps_its_category_and_dose() -> None:
    order = resource(
        "MedicationRequest",
        medicationCodeableConcept=coded(RXNORM, "855332"),
        category=[coded("", "discharge")],
        authoredOn="2020-01-05",
        dosageInstruction=[{"doseAndRate": [{"doseQuantity": {"value": 5, "code": "mg"}}]}],
    )

    event = only(order)
    assert (event.text_value, event.numeric_value, event.unit) == ("discharge", 5.0, "mg")


def test_note_is_named_by_the_key_of_its_text() -> None:
    note = resource(
        "DocumentReference",
        type=coded(LOINC, "18842-5"),
        date="2020-01-05T16:00:00Z",
        context={"encounter": [STAY]},
        content=[{"attachment": {"contentType": "text/plain", "data": "TGl2ZXMgYWxvbmUu"}}],
    )

    event = only(note)
    assert event.code == f"NOTE//{LOINC}//18842-5"
    assert event.text_value == "dcababf5083a5fe5ffd25fb1aa331aab"
    assert (event.numeric_value, event.encounter_id) == (12.0, "stay")


def test_note_whose_text_was_not_kept_still_counts() -> None:
    event = only(resource("DocumentReference", type=coded(LOINC, "18842-5"), content=[]))

    assert event.text_value is None


def test_claim_says_which_diagnosis_was_billed_first() -> None:
    claim = resource(
        "Claim",
        patient=SUBJECT,
        created="2020-02-01",
        billablePeriod={"start": "2020-01-01"},
        item=[{"encounter": [STAY]}],
        diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded("icd", "I50.9")}],
    )

    event = only(claim)
    assert (event.code, event.numeric_value) == ("CLAIM_DX//icd//I50.9", 1.0)
    assert (event.available, event.encounter_id) == (at("2020-02-01"), "stay")


def test_insurance_names_its_type_and_payer() -> None:
    coverage = {
        "resourceType": "Coverage",
        "id": "one",
        "beneficiary": SUBJECT,
        "type": coded("", "MEDICARE"),
        "payor": [{"reference": "Organization/payer"}],
    }

    assert codes(coverage) == ["COVERAGE////MEDICARE", "PAYER//payer"]


def test_care_plan_tells_its_kind_and_its_activities() -> None:
    plan = resource(
        "CarePlan",
        category=[coded(SNOMED, "698360004")],
        activity=[{"detail": {"code": coded(SNOMED, "160670007")}}],
        period={"start": "2020-01-01"},
    )

    assert codes(plan) == [
        f"CARE_PLAN//{SNOMED}//698360004",
        f"CARE_PLAN//{SNOMED}//160670007",
    ]


def test_missed_appointment_is_told_as_missed() -> None:
    event = only(
        resource(
            "Appointment",
            status="noshow",
            start="2020-01-09T10:00:00Z",
            appointmentType=coded("", "FOLLOWUP"),
        )
    )

    assert (event.code, event.text_value) == ("APPOINTMENT////FOLLOWUP", "noshow")


def test_task_done_for_a_patient_is_known_when_it_was_done() -> None:
    task = {
        "resourceType": "Task",
        "id": "one",
        "status": "completed",
        "for": SUBJECT,
        "code": coded(SNOMED, "185316007"),
        "executionPeriod": {"start": "2020-01-08T10:00:00Z", "end": "2020-01-08T10:20:00Z"},
    }

    event = only(task)
    assert (event.code, event.text_value) == (f"TASK//{SNOMED}//185316007", "completed")
    assert event.available == at("2020-01-08T10:20")


def test_our_own_predictions_are_never_events() -> None:
    assert "RiskAssessment" not in EXTRACTORS
    assert events_of(resource("RiskAssessment", status="final")) == []


def test_facts_about_no_single_patient_are_no_events() -> None:
    group = resource("Observation", code=coded(LOINC, "718-7"))

    assert events_of({**group, "subject": {"reference": "Group/ward"}}) == []
    assert events_of({"resourceType": "Organization", "id": "north"}) == []


def test_undated_fact_outside_any_encounter_counts_from_when_it_reached_us() -> None:
    recorded_at = at("2020-01-05")
    allergy = {**resource("AllergyIntolerance", code=coded(SNOMED, "1")), "patient": SUBJECT}

    assert [event.available for event in events_of(allergy, recorded_at)] == [recorded_at]
    assert [event.available for event in events_of(allergy)] == [None]


def test_date_that_is_none_is_refused_without_being_told() -> None:
    with pytest.raises(UnreadableTime) as refused:
        events_of(condition("c1", "I50.9", "stay", recordedDate="Ann's birthday"))

    assert "Ann" not in str(refused.value)
