"""What features, labels and cards are made of stays in each resource."""

from decimal import Decimal
from typing import Any

from privacy.dates import shift_days, shift_text
from privacy.pseudonyms import identifier_token, pseudonym, value_token
from privacy.records import CleanResource
from tests.support.cleaning import KEYS, cleaned, cleaner

PATIENT = pseudonym(KEYS, "Patient", "17")
SUBJECT = {"reference": "Patient/17"}
HL7 = "http://terminology.hl7.org/CodeSystem/"
NPI = "http://hl7.org/fhir/sid/us-npi"


def moved(date: str) -> str:
    return shift_text(date, shift_days(PATIENT, KEYS))


def reference(kind: str, real_id: str) -> dict[str, str]:
    return {"reference": f"{kind}/{pseudonym(KEYS, kind, real_id)}"}


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def test_an_encounter_keeps_class_place_diagnosis_and_disposition() -> None:
    act, hl7 = "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/x"
    stay = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": act, "code": "IMP"},
        "type": [coded("http://snomed.info/sct", "183452005")],
        "period": {"start": "2024-05-06T07:08:09-05:00", "end": "2024-05-09"},
        "hospitalization": {
            "admitSource": coded(hl7, "emd"),
            "reAdmission": coded(hl7, "R"),
            "dischargeDisposition": coded("http://www.nubc.org/patient-discharge", "01"),
        },
    }
    links = {
        "subject": SUBJECT,
        "serviceProvider": {"reference": "Organization/1", "display": "Elm Hospital"},
        "partOf": {"reference": "Encounter/2"},
        "location": [{"location": {"reference": "Location/3"}, "status": "completed"}],
        "diagnosis": [
            {"condition": {"reference": "Condition/4"}, "use": coded(hl7, "DD"), "rank": 1}
        ],
    }

    body = cleaned({**stay, **links})

    assert {name: body[name] for name in stay if name != "period"} == {
        name: value for name, value in stay.items() if name != "period"
    }
    assert body["period"] == {
        "start": moved("2024-05-06T07:08:09-05:00"),
        "end": moved("2024-05-09"),
    }
    assert body["serviceProvider"] == reference("Organization", "1")
    assert body["partOf"] == reference("Encounter", "2")
    assert body["location"][0] == {"location": reference("Location", "3"), "status": "completed"}
    assert body["diagnosis"][0]["condition"] == reference("Condition", "4")
    assert body["diagnosis"][0]["rank"] == 1


def test_a_patient_keeps_sex_birth_year_death_and_marital_status() -> None:
    marital = coded("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M")
    language = {"language": coded("urn:ietf:bcp:47", "en-US"), "preferred": True}

    answer = cleaner().clean_batch(
        [
            {
                "resourceType": "Patient",
                "id": "17",
                "gender": "female",
                "birthDate": "1950-09-09",
                "deceasedDateTime": "2024-05-06",
                "maritalStatus": marital,
                "communication": [language],
                "name": [{"family": "Doe"}],
                "multipleBirthInteger": 2,
            }
        ]
    )[0]

    assert isinstance(answer, CleanResource)
    assert answer.body == {
        "resourceType": "Patient",
        "id": PATIENT,
        "gender": "female",
        "birthDate": moved("1950-09-09")[:4],
        "deceasedDateTime": moved("2024-05-06"),
        "maritalStatus": marital,
        "communication": [language],
    }


def test_a_patient_who_died_at_ninety_five_is_told_as_ninety() -> None:
    body = cleaned(
        {"resourceType": "Patient", "birthDate": "1900-01-01", "deceasedDateTime": "1995-06-01"}
    )

    assert body["birthDate"] == "1905"


def test_a_risk_assessment_keeps_its_prediction() -> None:
    risk = {
        "resourceType": "RiskAssessment",
        "status": "final",
        "method": coded("http://homeward.dev/fhir/CodeSystem/method", "network-1"),
        "code": coded("http://homeward.dev/fhir/CodeSystem/risk", "readmission-30-day"),
        "prediction": [
            {
                "outcome": coded("http://snomed.info/sct", "417005"),
                "probabilityDecimal": Decimal("23.40"),
                "qualitativeRisk": coded(HL7 + "risk-probability", "high"),
                "whenPeriod": {"start": "2024-05-06", "end": "2024-06-05"},
                "rationale": "lives alone",
            }
        ],
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/2"},
        "occurrenceDateTime": "2024-05-06T07:08:09Z",
        "performer": {"reference": "Device/9"},
        "basis": [{"reference": "Observation/5"}],
        "mitigation": "call Ann",
    }  # fmt: skip

    body = cleaned(risk)

    prediction = body["prediction"][0]
    assert str(prediction["probabilityDecimal"]) == "23.40"
    assert prediction["whenPeriod"] == {"start": moved("2024-05-06"), "end": moved("2024-06-05")}
    assert prediction.keys() == risk["prediction"][0].keys() - {"rationale"}  # type: ignore[index]
    assert body.keys() == risk.keys() - {"mitigation"} | {"id"}
    assert body["method"] == risk["method"]
    assert body["basis"] == [reference("Observation", "5")]


def test_an_observation_keeps_components_ranges_and_interpretation() -> None:
    quantity = {
        "value": 120,
        "unit": "mm[Hg]",
        "system": "http://unitsofmeasure.org",
        "code": "mm[Hg]",
    }
    sent = {
        "resourceType": "Observation",
        "status": "final",
        "interpretation": [coded(HL7 + "v3-ObservationInterpretation", "H")],
        "component": [{"code": coded("http://loinc.org", "8480-6"), "valueQuantity": quantity}],
        "referenceRange": [{"low": quantity, "high": quantity}],
    }  # fmt: skip

    assert cleaned({**sent, "subject": SUBJECT}).items() >= sent.items()


def test_coverage_and_document_keep_type_date_and_context() -> None:
    kind = coded("http://loinc.org", "18842-5")
    body = cleaned(
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": kind,
            "subject": SUBJECT,
            "date": "2024-05-06T07:08:09Z",
            "context": {"encounter": [{"reference": "Encounter/2"}]},
            "content": [{"attachment": {"contentType": "text/plain", "data": "QW5u"}}],
        }
    )

    assert body["type"] == kind
    assert body["date"] == moved("2024-05-06T07:08:09Z")
    assert body["context"] == {"encounter": [reference("Encounter", "2")]}
    assert body["content"] == [{"attachment": {"contentType": "text/plain"}}]


def test_coverage_keeps_its_type_and_payor_only() -> None:
    kind = coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "EHCPOL")
    body = cleaned(
        {
            "resourceType": "Coverage",
            "status": "active",
            "type": kind,
            "beneficiary": SUBJECT,
            "payor": [{"reference": "Organization/1", "display": "Elm Insurance"}],
            "subscriberId": "Ann-4711",
            "policyHolder": SUBJECT,
        }
    )

    assert body["payor"] == [reference("Organization", "1")]
    assert body.keys() == {"resourceType", "id", "status", "type", "beneficiary", "payor"}


def test_identifiers_become_tokens_whatever_their_system() -> None:
    identifiers = [
        {"system": NPI, "value": "99"},
        {"system": "urn:mrn", "value": "4711"},
        {"value": "1"},
    ]
    sent = {"resourceType": "Practitioner", "id": "8", "identifier": identifiers}

    answer = cleaner().clean_batch([sent])[0]

    assert isinstance(answer, CleanResource)
    assert answer.body["identifier"] == [
        {"system": NPI, "value": identifier_token(KEYS, NPI, "99")}
    ]
    assert answer.identifier_tokens == tuple(
        token
        for i in identifiers
        for token in (
            identifier_token(KEYS, i.get("system"), i["value"]),
            value_token(KEYS, i["value"]),
        )
    )


def test_an_imaging_study_keeps_its_series_under_other_uids() -> None:
    series = [{"uid": "1.2.840.1", "number": 1, "instance": [{"uid": "1.2.840.2"}]}]

    kept = cleaned({"resourceType": "ImagingStudy", "subject": SUBJECT, "series": series})["series"]

    assert kept[0]["number"] == 1
    assert kept[0]["uid"].startswith("2.25.")
    assert kept[0]["instance"][0]["uid"].startswith("2.25.")


def test_a_dose_keeps_numbers_and_timing_and_loses_its_text() -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    dosage: dict[str, Any] = {
        "text": "for Ann",
        "patientInstruction": "Ann, eat first",
        "timing": timing,
    }
    dosage["doseAndRate"] = [{"doseQuantity": {"value": 5, "unit": "mg"}}]

    body = cleaned({"resourceType": "MedicationRequest", "dosageInstruction": [dosage]})

    assert body["dosageInstruction"] == [{"timing": timing, "doseAndRate": dosage["doseAndRate"]}]
