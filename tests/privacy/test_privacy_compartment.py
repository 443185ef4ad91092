"""Whose records a resource belongs to decides whose shift its dates get."""

from typing import Any

import pytest

from privacy.compartment import patient_of
from privacy.dates import shift_days, shift_text
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.cleaning import KEYS, cleaner

PATIENT = pseudonym(KEYS, "Patient", "17")
RECORDED = "2024-05-06T07:08:09Z"
MOVED = shift_text(RECORDED, shift_days(PATIENT, KEYS))


def clean(*resources: dict[str, Any]) -> list[CleanResource]:
    answers = cleaner().clean_batch([{"id": f"r{i}", **r} for i, r in enumerate(resources)])
    assert all(isinstance(answer, CleanResource) for answer in answers)
    return [answer for answer in answers if isinstance(answer, CleanResource)]


@pytest.mark.parametrize(
    ("resource", "patient"),
    [
        ({"resourceType": "Patient", "id": "17"}, "Patient/17"),
        ({"resourceType": "Encounter", "subject": {"reference": "Patient/17"}}, "Patient/17"),
        ({"resourceType": "Claim", "patient": {"reference": "http://x/Patient/17"}}, "Patient/17"),
        ({"resourceType": "Coverage", "beneficiary": {"reference": "Patient/17"}}, "Patient/17"),
        ({"resourceType": "Task", "for": {"reference": "Patient/17"}}, "Patient/17"),
        ({"resourceType": "Device", "patient": {"reference": "Patient/17"}}, "Patient/17"),
        ({"resourceType": "Observation", "subject": {"reference": "Group/1"}}, None),
        ({"resourceType": "Observation", "subject": {"reference": 5}}, None),
        ({"resourceType": "Organization", "id": "1"}, None),
        ({"resourceType": "Encounter"}, None),
        ({"resourceType": ["Encounter"]}, None),
        ({}, None),
    ],
)
def test_the_patient_is_the_one_the_resource_is_about(resource: Any, patient: str | None) -> None:
    assert patient_of(resource) == patient


def test_the_patient_is_found_among_several_participants() -> None:
    actors = [{"actor": {"reference": r}} for r in ("Practitioner/8", "Patient/17", "Location/2")]

    assert patient_of({"resourceType": "Appointment", "participant": actors}) == "Patient/17"


def test_a_resource_about_two_patients_belongs_to_neither() -> None:
    members = [{"entity": {"reference": f"Patient/{i}"}} for i in (17, 18)]

    assert patient_of({"resourceType": "Group", "member": members}) is None


def test_a_provenance_takes_the_only_patient_of_its_batch() -> None:
    target = {"reference": "Organization/1"}
    provenance = {"resourceType": "Provenance", "target": [target], "recorded": RECORDED}

    _, answer = clean({"resourceType": "Patient", "id": "17"}, provenance)

    assert (answer.patient_id, answer.body["recorded"]) == (PATIENT, MOVED)


def test_with_two_patients_a_silent_resource_belongs_to_nobody() -> None:
    provenance = {"resourceType": "Provenance", "recorded": RECORDED}
    patients = [{"resourceType": "Patient", "id": i} for i in ("17", "18")]

    answer = clean(*patients, provenance)[-1]

    assert (answer.patient_id, answer.body["recorded"]) == (None, "2024-01-01T00:00:00Z")


def test_an_observation_of_a_place_does_not_take_the_patient() -> None:
    room = {
        "resourceType": "Observation",
        "subject": {"reference": "Location/2"},
        "effectiveDateTime": RECORDED,
    }

    _, answer = clean({"resourceType": "Patient", "id": "17"}, room)

    assert (answer.patient_id, answer.body["effectiveDateTime"]) == (None, "2024")


def test_a_shared_resource_keeps_only_the_year_of_its_dates() -> None:
    role = {"resourceType": "PractitionerRole", "period": {"start": "2019-04-01"}}

    _, answer = clean({"resourceType": "Patient", "id": "17"}, role)

    assert (answer.patient_id, answer.body["period"]) == (None, {"start": "2019"})


def test_a_patient_named_by_a_resolved_condition_is_the_same_patient() -> None:
    asked = "Patient?identifier=urn:mrn|4711"
    stay = {"resourceType": "Encounter", "id": "e1", "subject": {"reference": asked}}
    stay["period"] = {"start": RECORDED}

    answer = cleaner().clean_batch([stay], {asked: f"Patient/{PATIENT}"})[0]

    assert isinstance(answer, CleanResource)
    assert (answer.patient_id, answer.body["period"]["start"]) == (PATIENT, MOVED)
