"""What the features say of a stay and of the hospital use before it."""

from datetime import UTC, datetime
from math import isnan
from typing import Any

import pytest

from etl.events.event import Event
from etl.features.catalogue import NAMES
from etl.features.compute import feature_row
from etl.rules import SiteRules
from tests.support.vignettes import SUBJECT, coded, condition, patient, stays, told

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HISTORY = """
    stay    class  part_of  hospital  admitted          discharged        to    diagnosis  procedure
    long    IMP    -        north     2019-02-01T09:00  2019-02-11T10:00  home  I50.9      -
    visit   AMB    -        north     2019-12-20T09:00  2019-12-20T09:30  -     -          -
    fall    EMER   -        north     2019-12-24T09:00  2019-12-24T15:00  home  -          -
    recent  IMP    -        north     2020-01-01T09:00  2020-01-03T10:00  home  I50.9      -
    ed      EMER   now      north     2020-01-10T02:00  2020-01-10T08:00  -     -          -
    now     IMP    -        north     2020-01-10T08:00  2020-01-17T10:00  snf   I50.9      02HV33Z
"""


def values(
    events: list[Event], as_of: str = "2020-01-17T10:00", encounter: str | None = "now"
) -> dict[str, float]:
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    row = feature_row(events, moment, encounter, SiteRules())
    return dict(zip(NAMES, row.values, strict=True))


def about(resource_type: str, name: str, **elements: Any) -> dict[str, Any]:
    encounter = {"reference": "Encounter/now"}
    return {
        "resourceType": resource_type,
        "id": name,
        "subject": SUBJECT,
        "encounter": encounter,
        **elements,
    }


def lab(name: str, code: str, value: float, at: str, **elements: Any) -> dict[str, Any]:
    return about(
        "Observation",
        name,
        status="final",
        category=[coded("", "laboratory")],
        code=coded(LOINC, code),
        valueQuantity={"value": value, "code": elements.pop("unit", "g/dL")},
        effectiveDateTime=at,
        **elements,
    )


def medicine(name: str, code: str, at: str, *category: str) -> dict[str, Any]:
    return about(
        "MedicationRequest",
        name,
        medicationCodeableConcept=coded(RXNORM, code),
        category=[coded("", each) for each in category],
        authoredOn=at,
        encounter={"reference": "Encounter/now"} if category else None,
    )


def test_earlier_use_is_counted_by_window() -> None:
    found = values(stays(HISTORY))

    assert {name: found[name] for name in found if name.startswith("prior_stays")} == {
        "prior_stays_30d": 1.0,
        "prior_stays_90d": 1.0,
        "prior_stays_180d": 1.0,
        "prior_stays_365d": 2.0,
        "prior_stays_ever": 2.0,
    }
    assert (found["prior_days_30d"], found["prior_days_ever"]) == (2.0, 12.0)
    assert (found["prior_emergency_30d"], found["prior_visits_30d"]) == (1.0, 1.0)


def test_this_stay_is_told_as_it_was() -> None:
    found = values(stays(HISTORY))

    assert found["los_days"] == 7.0
    assert found["admitted_via_emergency"] == 1.0
    assert (found["to_home"], found["to_facility"]) == (0.0, 1.0)
    assert (found["is_readmission"], found["prior_readmissions"]) == (1.0, 1.0)
    assert found["days_since_discharge"] == pytest.approx(6.9167, abs=1e-4)
    assert (found["procedures"], found["diagnoses"]) == (1.0, 1.0)


def test_earlier_stays_are_summed_up() -> None:
    found = values(stays(HISTORY))

    assert [found[f"earlier_los_{each}"] for each in ("sum", "mean", "last", "delta")] == [
        12.0,
        6.0,
        2.0,
        1.0,
    ]


def test_open_stay_counts_its_nights_until_the_moment_asked() -> None:
    picture = """
        stay  admitted                   discharged  to
        now   2020-01-10T23:00:00-05:00  -           -
    """
    assert values(stays(picture), "2020-01-12T04:30")["los_days"] == 1.0


def test_patient_nobody_knows_has_a_row_of_unknowns() -> None:
    found = values([], encounter="never-heard-of")

    assert isnan(found["age"])
    assert isnan(found["los_days"])
    assert found["prior_stays_ever"] == 0.0


def test_patient_outside_a_stay_has_a_past_and_no_stay() -> None:
    found = values(stays(HISTORY), "2020-03-01T00:00", encounter=None)

    assert found["prior_stays_90d"] == 2.0
    assert isnan(found["los_days"])
    assert isnan(found["lace"])


def test_undated_diagnosis_is_known_when_its_stay_has_ended() -> None:
    events = stays(HISTORY) + told(condition("dementia", "G30.9", "recent"))

    assert values(events, "2020-01-02T00:00", None)["has_dementia"] != 1.0
    assert values(events, "2020-01-04T00:00", None)["has_dementia"] == 1.0


def test_undated_diagnosis_of_the_stay_being_discharged_is_known() -> None:
    picture = HISTORY.replace("2020-01-17T10:00  snf", "-                 -  ")
    events = stays(picture) + told(condition("dementia", "G30.9", "now"))

    assert values(events, "2020-01-17T09:00")["has_dementia"] == 1.0


def test_comorbidities_weigh_by_their_worst_form() -> None:
    mild_and_severe = [
        condition("d1", "E11.9", "now", recordedDate="2020-01-11"),
        condition("d2", "E11.21", "now", recordedDate="2020-01-11"),
        condition("d3", "C50.9", "now", recordedDate="2020-01-11"),
        condition("d4", "C78.00", "now", recordedDate="2020-01-11"),
    ]
    found = values(stays(HISTORY) + told(*mild_and_severe))

    assert (found["has_diabetes"], found["has_metastatic_cancer"]) == (1.0, 1.0)
    assert found["charlson"] == 1 + 2 + 6


def test_without_coded_diagnoses_comorbidities_are_unknown() -> None:
    picture = """
        stay  admitted          discharged        to
        now   2020-01-10T08:00  2020-01-17T10:00  home
    """
    assert isnan(values(stays(picture))["charlson"])


def test_laboratory_values_are_last_worst_and_changed() -> None:
    results = [
        lab("h1", "718-7", 11.0, "2020-01-10T09:00:00Z"),
        lab("h2", "718-7", 8.5, "2020-01-12T09:00:00Z", interpretation=[coded("", "LL")]),
        lab("h3", "718-7", 9.5, "2020-01-16T09:00:00Z", interpretation=[coded("", "L")]),
    ]
    found = values(stays(HISTORY) + told(*results))

    assert found["haemoglobin_last"] == 9.5
    assert found["haemoglobin_worst"] == 8.5
    assert found["haemoglobin_change"] == -1.5
    assert (found["abnormal_results"], found["critical_results"]) == (2.0, 1.0)
    assert isnan(found["sodium_last"])


def test_result_issued_after_the_moment_is_not_seen() -> None:
    late = lab("h1", "718-7", 8.5, "2020-01-12T09:00:00Z", issued="2020-01-18T09:00:00Z")

    assert isnan(values(stays(HISTORY) + told(late))["haemoglobin_last"])


def test_medicines_are_compared_with_those_before() -> None:
    orders = [
        medicine("m1", "314076", "2019-11-01"),
        medicine("m2", "313988", "2019-11-01"),
        medicine("m3", "314076", "2020-01-17", "discharge"),
        medicine("m4", "855332", "2020-01-17", "discharge"),
    ]
    found = values(stays(HISTORY) + told(*orders))

    assert (found["medicines_before"], found["home_medicines"]) == (2.0, 2.0)
    assert (found["medicines_new"], found["medicines_stopped"]) == (1.0, 1.0)
    assert (found["takes_anticoagulant"], found["takes_insulin"]) == (1.0, 0.0)
    assert found["high_risk_medicines"] == 1.0


def test_medicines_in_codes_we_cannot_read_have_no_class() -> None:
    order = about("MedicationRequest", "m", medicationCodeableConcept=coded("house-list", "X1"))
    found = values(stays(HISTORY) + told({**order, "authoredOn": "2020-01-11"}))

    assert found["medications"] == 1.0
    assert isnan(found["takes_insulin"])


def test_lace_and_hospital_score_add_up_by_their_papers() -> None:
    """7 nights, through the emergency department, heart failure, one emergency visit."""
    results = [
        lab("h", "718-7", 9.5, "2020-01-16T09:00:00Z"),
        lab("s", "2951-2", 133, "2020-01-16T09:00:00Z", unit="mmol/L"),
    ]
    found = values(stays(HISTORY) + told(*results))

    lace = ("lace_length", "lace_acute", "lace_comorbidity", "lace_emergency")
    assert [found[name] for name in lace] == [5.0, 3.0, 2.0, 1.0]
    assert found["lace"] == 11.0
    assert found["hospital_score"] == 1 + 1 + 1 + 1 + 2 + 2  # Hb, Na, procedure, type, A, length


def test_counts_the_hospital_keeps_itself_are_features() -> None:
    system = "http://homeward.dev/fhir/encounter-facts"
    facts = [
        about(
            "Observation",
            f"fact-{stay}",
            code=coded(system, "num-lab-procedures"),
            valueInteger=count,
            effectiveDateTime=at,
            encounter={"reference": f"Encounter/{stay}"},
        )
        for stay, count, at in (
            ("long", 40, "2019-02-11"), ("recent", 20, "2020-01-03"), ("now", 50, "2020-01-17"),
        )
    ]  # fmt: skip
    found = values(stays(HISTORY) + told(*facts))

    assert found["fact_num_lab_procedures"] == 50.0
    assert found["fact_num_lab_procedures_earlier_mean"] == 30.0
    assert found["fact_num_lab_procedures_earlier_last"] == 20.0
    assert isnan(found["fact_number_inpatient"])


def test_demographics_are_told_and_age_stops_at_ninety() -> None:
    person = patient("1920", gender="female", maritalStatus=coded("", "W"))
    found = values(told(person), encounter=None)

    assert (found["age"], found["is_female"], found["is_partnered"]) == (90.0, 1.0, 0.0)


def test_notes_are_counted_and_named_oldest_first() -> None:
    def note(name: str, data: str, date: str) -> dict[str, Any]:
        attachment = {"contentType": "text/plain", "data": data}
        context = {"encounter": [{"reference": "Encounter/now"}]}
        content = [{"attachment": attachment}]
        return about("DocumentReference", name, date=date, context=context, content=content)

    events = stays(HISTORY) + told(
        note("n2", "U2Vjb25kLg==", "2020-01-16T09:00:00Z"),
        note("n1", "Rmlyc3Qu", "2020-01-11T09:00:00Z"),
        note("n3", "Rmlyc3Qu", "2020-01-12T09:00:00Z"),
        note("late", "TGF0ZS4=", "2020-01-18T09:00:00Z"),
    )
    row = feature_row(events, datetime(2020, 1, 17, 10, tzinfo=UTC), "now", SiteRules())

    found = dict(zip(NAMES, row.values, strict=True))
    assert (found["notes"], found["note_characters"]) == (2.0, 13.0)
    assert len(row.note_keys) == 2
    assert row.note_keys[0] == told(note("n1", "Rmlyc3Qu", "2020"))[0].text_value
