"""What R4 or the policy does not know is dropped, at any depth and in any order."""

import json
import random
from typing import Any

import pytest

from privacy.pseudonyms import is_pseudonym
from privacy.records import CleanResource, Refusal
from tests.support.cleaning import cleaned, cleaner, observation, refused

RECORDED = "2024-05-06T07:08:09Z"


def shuffled(value: Any, seed: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, list):
        return [shuffled(item, seed) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: shuffled(value[key], seed) for key in seed.sample(sorted(value), len(value))}


def test_an_element_that_r4_does_not_know_is_dropped() -> None:
    body = cleaned(observation(nickname="Ann", component=[{"code": {}, "who": {"name": "Ann"}}]))

    assert "Ann" not in json.dumps(body)


@pytest.mark.parametrize(
    "element",
    [
        {"text": {"status": "generated", "div": "<div>Ann Doe</div>"}},
        {"note": [{"text": "Ann Doe", "authorString": "Ann Doe", "time": RECORDED}]},
        {"valueString": "Ann Doe"},
        {"identifier": [{"system": "urn:mrn", "value": "Ann-4711"}]},
        {"referenceRange": [{"text": "normal for Ann Doe"}]},
        {"language": "Ann Doe"},
        {"id": "Ann-4711"},
        {"meta": {"source": "Ann", "versionId": "Ann", "tag": [{"code": "Ann"}]}},
    ],
)
def test_free_text_does_not_survive(element: dict[str, Any]) -> None:
    assert "Ann" not in json.dumps(cleaned(observation(**element)))


def test_the_order_of_keys_makes_no_difference() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "17",
        "birthDate": "1980-02-03",
        "deceasedDateTime": RECORDED,
        "address": [{"state": "MA", "postalCode": "02139", "country": "US"}],
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Elm"}],
        "managingOrganization": {"reference": "#o"},
    }
    first = cleaner().clean_batch([patient, observation(id="o1")])

    for seed in range(20):
        batch = [
            shuffled(resource, random.Random(seed)) for resource in (patient, observation(id="o1"))
        ]
        assert cleaner().clean_batch(batch) == first


def test_the_order_of_resources_makes_no_difference() -> None:
    batch = [{"resourceType": "Patient", "id": "17"}, *(observation(id=f"o{i}") for i in range(9))]

    assert cleaner().clean_batch(batch[::-1]) == cleaner().clean_batch(batch)[::-1]


def test_one_resource_gives_the_same_answer_every_time() -> None:
    assert cleaned(observation(issued=RECORDED)) == cleaned(observation(issued=RECORDED))


def test_outside_a_patients_records_dates_are_years_and_an_instant_stays_one() -> None:
    slot = {"resourceType": "Slot", "status": "free", "start": RECORDED, "end": RECORDED}
    nobodys = observation(issued=RECORDED, effectiveDateTime=RECORDED)
    del nobodys["subject"]

    kept = cleaned(nobodys)

    assert cleaned(slot)["start"] == f"{RECORDED[:4]}-01-01T00:00:00Z"
    assert kept["issued"] == f"{RECORDED[:4]}-01-01T00:00:00Z"
    assert kept["effectiveDateTime"] == RECORDED[:4]


def test_a_resource_type_without_a_table_is_refused() -> None:
    refusal = refused({"resourceType": "StructureDefinition", "name": "Ann"})

    assert (refusal.index, refusal.path) == (0, "StructureDefinition")
    assert "no table" in refusal.reason


@pytest.mark.parametrize(
    "broken", [{}, {"resourceType": "Patient"}, {"id": "a"}, {"resourceType": [{}], "id": "a"}]
)
def test_a_resource_without_type_or_id_is_refused(broken: dict[str, Any]) -> None:
    assert isinstance(cleaner().clean_batch([broken])[0], Refusal)


def test_a_refusal_leaves_the_rest_of_the_batch_alone() -> None:
    batch = [observation(id="o1"), {"resourceType": "Ann", "id": "x"}, observation(id="o2")]

    kinds = [type(answer) for answer in cleaner().clean_batch(batch)]

    assert kinds == [CleanResource, Refusal, CleanResource]


def test_a_contained_patient_is_cleaned_like_any_patient() -> None:
    contained = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Doe"}],
        "gender": "male",
    }

    body = cleaned(observation(contained=[contained]))

    inner = body["contained"][0]
    assert inner.keys() == {"resourceType", "id", "gender"}
    assert is_pseudonym(inner["id"])


def test_contained_inside_contained_is_cleaned_too() -> None:
    inmost = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Doe"}]}
    middle = {"resourceType": "Encounter", "id": "m", "contained": [inmost]}

    assert "Doe" not in json.dumps(cleaned(observation(contained=[middle])))


def test_a_bundle_in_a_bundle_is_cleaned_with_each_patients_shift() -> None:
    stays = [
        {
            "fullUrl": f"urn:uuid:{patient}",
            "request": {"method": "POST", "url": f"Encounter?patient=Ann-{patient}"},
            "resource": {
                "resourceType": "Encounter",
                "id": f"e{patient}",
                "subject": {"reference": f"Patient/{patient}", "display": "Ann"},
                "period": {"start": RECORDED},
            },
        }
        for patient in ("17", "18")
    ]
    inner = {"resourceType": "Bundle", "type": "collection", "entry": stays}

    body = cleaned({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": inner}]})

    entries = body["entry"][0]["resource"]["entry"]
    assert "Ann" not in json.dumps(body)
    assert [entry.keys() for entry in entries] == [{"fullUrl", "resource"}] * 2
    assert len({entry["resource"]["period"]["start"] for entry in entries}) == 2


def test_parameters_keep_names_numbers_and_resources() -> None:
    parts = [
        {"name": "patient", "resource": {"resourceType": "Patient", "name": [{"family": "Doe"}]}},
        {"name": "count", "valueInteger": 5},
        {"name": "note", "valueString": "Ann Doe"},
        {"name": "inner", "part": [{"name": "when", "valueDateTime": RECORDED}]},
    ]

    kept = cleaned({"resourceType": "Parameters", "parameter": parts})["parameter"]

    assert kept[0] == {"name": "patient", "resource": {"resourceType": "Patient"}}
    assert kept[1] == parts[1]
    assert kept[2] == {"name": "note"}
    assert kept[3]["part"] == [{"name": "when", "valueDateTime": "2024"}]


@pytest.mark.parametrize(
    "wrong", ["Ann", 5, None, [], ["Ann"], [None], {"Ann": "Ann"}, [{"Ann": 1}]]
)
def test_json_of_another_shape_is_dropped_without_a_fault(wrong: Any) -> None:
    names = ("code", "component", "subject", "valueQuantity", "performer", "extension", "meta")

    body = cleaned(observation(**dict.fromkeys((*names, "effectivePeriod"), wrong)))

    assert "Ann" not in json.dumps(body)


def test_a_required_date_that_is_none_says_it_is_masked() -> None:
    body = cleaned({"resourceType": "Provenance", "recorded": "when Ann came"})

    assert "recorded" not in body
    assert body["_recorded"]["extension"][0]["valueCode"] == "masked"


def test_empty_objects_are_not_kept() -> None:
    body = cleaned(observation(bodySite={"text": "Ann's arm"}, method={"coding": []}))

    assert "bodySite" not in body
    assert "method" not in body


def test_a_batch_of_ten_thousand_keeps_its_order() -> None:
    batch = [observation(id=f"o{i}", valueInteger=i) for i in range(10_000)]

    answers = cleaner().clean_batch(batch)

    values = [a.body["valueInteger"] for a in answers if isinstance(a, CleanResource)]
    assert values == list(range(10_000))
