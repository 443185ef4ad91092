"""The awkward cases: two sites, birthdays, future dates, hidden identifiers."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.deidentify import Deidentifier
from privacy.keys import derive_keys
from privacy.records import CleanResource
from tests.support.cleaning import KEYS, SECRET, TODAY, cleaned, cleaner, observation, policy

HIDDEN = "MRN12345678"


def patient(**elements: Any) -> dict[str, Any]:
    return cleaned({"resourceType": "Patient", "id": "17", **elements})


def test_two_sites_share_neither_ids_nor_shifts() -> None:
    north = Deidentifier(policy(), derive_keys(SECRET, "north"), today=TODAY)
    batch = [observation(id=f"o{i}", issued="2024-05-06T07:08:09Z") for i in range(3)]

    here, there = (site.clean_batch(batch) for site in (cleaner(), north))

    for mine, theirs in zip(here, there, strict=True):
        assert isinstance(mine, CleanResource)
        assert isinstance(theirs, CleanResource)
        assert mine.resource_id != theirs.resource_id
        assert mine.patient_id != theirs.patient_id


def test_one_id_under_two_types_gives_two_pseudonyms() -> None:
    batch = [{"resourceType": kind, "id": "17"} for kind in ("Patient", "Encounter", "Device")]

    ids = {a.resource_id for a in cleaner().clean_batch(batch) if isinstance(a, CleanResource)}

    assert len(ids) == 3


@given(days=st.integers(0, 20_000))
def test_no_date_of_the_past_moves_into_the_future(days: int) -> None:
    sent = (TODAY - timedelta(days=days)).isoformat()

    kept = cleaned(observation(effectiveDateTime=sent))["effectiveDateTime"]

    assert kept < TODAY.isoformat()


@given(birth=st.dates(min_value=date(1880, 1, 1), max_value=TODAY))
def test_no_living_patient_is_told_to_be_older_than_ninety(birth: date) -> None:
    kept = patient(birthDate=birth.isoformat())["birthDate"]

    assert TODAY.year - int(kept) <= 90


@given(
    birth=st.dates(min_value=date(1850, 1, 1), max_value=date(2000, 1, 1)), age=st.integers(0, 120)
)
def test_no_age_at_death_is_told_above_ninety(birth: date, age: int) -> None:
    death = birth + timedelta(days=365 * age)

    kept = patient(birthDate=birth.isoformat(), deceasedDateTime=death.isoformat())

    assert int(kept["deceasedDateTime"][:4]) - int(kept["birthDate"]) <= 90


@pytest.mark.parametrize("birth", ["1936-02-29", "1936-03-01", "1936-03-02", "1935", "1930-06"])
def test_around_the_ninetieth_birthday_the_year_says_ninety_at_most(birth: str) -> None:
    assert TODAY.year - int(patient(birthDate=birth)["birthDate"]) <= 90


def test_a_birth_time_does_not_give_the_birth_date_away() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
    extension = {"url": url, "valueDateTime": "1980-02-03T04:05:06Z"}

    body = patient(birthDate="1980-02-03", _birthDate={"extension": [extension]})

    assert "_birthDate" not in body
    assert len(body["birthDate"]) == 4


@pytest.mark.parametrize(
    "element",
    [
        {"code": {"coding": [{"system": "http://loinc.org", "code": HIDDEN}]}},
        {"code": {"coding": [{"system": f"http://hl7.org/fhir/{HIDDEN}", "code": "a"}]}},
        {"valueQuantity": {"value": 1, "unit": HIDDEN}},
        {"valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": HIDDEN}},
        {"meta": {"tag": [{"code": HIDDEN}], "source": HIDDEN, "profile": [HIDDEN]}},
        {"meta": {"security": [{"system": "urn:x", "code": HIDDEN}]}},
        {"implicitRules": f"http://hl7.org/fhir/{HIDDEN}"},
        {"language": HIDDEN},
        {"status": HIDDEN},
        {"id": HIDDEN},
        {"subject": {"reference": f"Patient/{HIDDEN}"}},
        {"subject": {"reference": f"Patient?identifier={HIDDEN}"}},
        {"effectiveDateTime": HIDDEN},
        {"_status": {"id": HIDDEN, "fhir_comments": [HIDDEN]}},
        {"component": [{"id": HIDDEN, "code": {"text": HIDDEN}}]},
        {"extension": [{"url": f"http://homeward.dev/{HIDDEN}", "valueInteger": 1}]},
        {"valueSampledData": {"origin": {"value": 1}, "data": HIDDEN}},
    ],
)
def test_an_identifier_hidden_where_none_belongs_does_not_survive(element: dict[str, Any]) -> None:
    assert HIDDEN not in repr(cleaned(observation(**element)))


def test_an_identifier_hidden_in_a_link_id_does_not_survive() -> None:
    items = [{"linkId": HIDDEN, "answer": [{"valueString": HIDDEN}]}, {"linkId": "1.2"}]

    body = cleaned({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items})

    assert HIDDEN not in repr(body)
    assert body["item"][1] == {"linkId": "1.2"}


def test_a_repr_of_a_deidentifier_shows_no_key() -> None:
    assert KEYS.pseudonym.hex() not in repr(cleaner())
    assert repr(KEYS.pseudonym) not in repr(KEYS)


def test_an_empty_batch_has_no_answers() -> None:
    assert cleaner().clean_batch([]) == []


def test_what_was_sent_is_left_as_it_was() -> None:
    sent = {"id": "o1", **observation(note=[{"text": "Ann"}])}
    before = repr(sent)

    cleaner("scrub").clean_batch([sent])

    assert repr(sent) == before
