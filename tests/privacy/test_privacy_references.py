"""References in six forms become pseudonyms, and those that meant the same still do."""

import re
from typing import Any

import pytest

from privacy.pseudonyms import is_pseudonym, pseudonym
from privacy.records import CleanResource
from privacy.references import target_of
from tests.support.cleaning import KEYS, cleaned, cleaner, observation

PATIENT_17 = f"Patient/{pseudonym(KEYS, 'Patient', '17')}"
URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONDITIONAL = "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999999"


def subject(reference: Any, **others: Any) -> Any:
    return cleaned(observation(subject={"reference": reference, **others})).get("subject")


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/17",
        "https://ehr.example/fhir/r4/Patient/17",
        "http://10.0.0.1:8080/Patient/17",
        "Patient/17/_history/Ann-Doe",
    ],
)
def test_every_way_to_write_a_patient_gives_the_same_pseudonym(reference: str) -> None:
    assert subject(reference) == {"reference": PATIENT_17}


def test_a_reference_to_a_version_stays_one() -> None:
    assert subject("Patient/17/_history/3") == {"reference": f"{PATIENT_17}/_history/3"}


def test_display_and_identifier_beside_a_reference_are_dropped() -> None:
    kept = subject("Patient/17", display="Ann Doe", identifier={"value": "4711"}, type="Patient")

    assert kept == {"reference": PATIENT_17, "type": "Patient"}


@pytest.mark.parametrize("reference", ["urn:uuid:6fe5c6b0", "urn:oid:1.2.840.113619", "urn:x:Ann"])
def test_a_urn_left_over_is_hashed_whole(reference: str) -> None:
    kept = subject(reference)["reference"]

    assert URN.fullmatch(kept)
    assert kept == subject(reference)["reference"]


def test_a_conditional_reference_takes_what_it_was_resolved_to() -> None:
    resource = {"id": "a1", **observation(performer=[{"reference": CONDITIONAL}])}
    meant = f"Practitioner/{pseudonym(KEYS, 'Practitioner', '8')}"

    answer = cleaner().clean_batch([resource], {CONDITIONAL: meant})[0]

    assert isinstance(answer, CleanResource)
    assert answer.body["performer"] == [{"reference": meant}]


def test_an_unresolved_conditional_reference_is_hashed_whole() -> None:
    kept = cleaned(observation(performer=[{"reference": CONDITIONAL}]))["performer"]

    kind, made = kept[0]["reference"].split("/")
    assert kind == "Practitioner"
    assert is_pseudonym(made)


def test_a_contained_reference_finds_its_resource_again() -> None:
    contained = {"resourceType": "Specimen", "id": "blood", "status": "available"}
    body = cleaned(observation(contained=[contained], specimen={"reference": "#blood"}))

    inner = body["contained"][0]["id"]
    assert is_pseudonym(inner)
    assert body["specimen"] == {"reference": f"#{inner}"}


def test_equal_contained_ids_in_two_resources_differ() -> None:
    contained = {"resourceType": "Specimen", "id": "blood"}
    made = {
        cleaned({"id": i, **observation(contained=[contained])})["contained"][0]["id"] for i in "xy"
    }

    assert len(made) == 2


@pytest.mark.parametrize(
    "reference",
    [
        *("", "Ann Doe", "Smith/17", "Patient/", "/17", "Patient", "Patient/17/extra"),
        *("mailto:ann@x.org", "x" * 5000, 17, None, {"a": 1}, ["Patient/17"], "file:///Patient/17"),
    ],
)
def test_what_is_no_reference_is_dropped(reference: object) -> None:
    assert subject(reference) is None


def test_a_bare_number_sign_still_means_the_container() -> None:
    assert subject("#") == {"reference": "#"}


def test_a_reference_that_grows_is_read_in_one_pass() -> None:
    assert target_of("http://x/" + "a/" * 100_000 + "Patient/17") is None


def test_the_id_of_a_resource_is_what_references_to_it_say() -> None:
    batch = [{"resourceType": "Patient", "id": "17"}, {"id": "o1", **observation()}]

    patient, measured = cleaner().clean_batch(batch)

    assert isinstance(patient, CleanResource)
    assert isinstance(measured, CleanResource)
    assert measured.body["subject"]["reference"] == f"Patient/{patient.resource_id}"
    assert measured.patient_id == patient.resource_id == patient.body["id"]
