"""What is written is valid R4, its references lead somewhere, and its dates are in order."""

import re
from collections import Counter
from typing import Any

import orjson
from fhir.resources.R4B import get_fhir_model_class

Json = dict[str, Any]
REFERENCE = re.compile(r'"reference":"([^"]+)"')


def references(value: Any) -> set[str]:
    return set(REFERENCE.findall(orjson.dumps(value).decode()))


def npis(hospital: Json) -> set[str]:
    system = "http://hl7.org/fhir/sid/us-npi"
    return {
        f"{entry['resource']['resourceType']}?identifier={system}|{identifier['value']}"
        for entry in hospital["entry"]
        for identifier in entry["resource"].get("identifier", [])
    }


def ids(bundle: Json) -> set[str]:
    return {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]}


def test_a_sample_of_every_bundle_is_valid_r4(small: Any) -> None:
    bundle_model = get_fhir_model_class("Bundle")
    sample = [
        small.hospital,
        *list(small.histories.values())[:12],
        *list(small.later.values())[:8],
    ]
    for bundle in sample:
        bundle_model.model_validate(bundle)


def test_every_prefetched_value_is_valid_r4(small: Any) -> None:
    for call in small.discharges.values():
        for value in call["prefetch"].values():
            get_fhir_model_class(value["resourceType"]).model_validate(value)


def test_references_of_new_patients_are_in_their_bundle_or_the_hospital(small: Any) -> None:
    hospital = npis(small.hospital) | ids(small.hospital)
    for bundle in small.histories.values():
        own = {entry["fullUrl"] for entry in bundle["entry"]}
        assert references(bundle) <= own | hospital


def test_references_of_later_bundles_are_there_or_in_the_history(small: Any) -> None:
    hospital = npis(small.hospital) | ids(small.hospital)
    for name, bundle in small.later.items():
        assert references(bundle) <= ids(bundle) | ids(small.histories[name]) | hospital


def test_new_patients_are_posted_under_the_urn_of_their_id(small: Any) -> None:
    for bundle in [*small.histories.values()]:
        for entry in bundle["entry"]:
            resource = entry["resource"]
            assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
            assert entry["request"] == {"method": "POST", "url": resource["resourceType"]}


def test_later_bundles_put_resources_under_their_own_id(small: Any) -> None:
    for bundle in small.later.values():
        for entry in bundle["entry"]:
            url = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            assert entry["request"] == {"method": "PUT", "url": url}


def test_no_id_is_used_twice_in_the_whole_hospital(small: Any) -> None:
    bundles = [small.hospital, *small.histories.values()]
    counts = Counter(e["resource"]["id"] for bundle in bundles for e in bundle["entry"])

    assert set(counts.values()) == {1}


def test_the_manifest_counts_what_the_files_hold(small: Any) -> None:
    bundles = [small.hospital, *small.histories.values()]
    kinds = Counter(e["resource"]["resourceType"] for bundle in bundles for e in bundle["entry"])

    assert small.manifest.resources == kinds
    assert small.read("manifest.json") == small.manifest.as_json()
    assert small.manifest.patients == len(small.histories) == 120
    assert small.manifest.discharges == len(small.discharges) > 0


def test_every_date_and_time_carries_its_zone(small: Any) -> None:
    text = orjson.dumps(list(small.histories.values())).decode()
    moments = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', text)

    assert moments
    assert all(re.fullmatch(r"[\d-]{10}T\d\d:\d\d:\d\d-0[45]:00", moment) for moment in moments)


def test_each_finished_stay_has_a_principal_diagnosis_of_its_own(small: Any) -> None:
    for name in small.histories:
        resources = small.resources(name)
        for stay in stays(resources):
            first = stay["diagnosis"][0]
            condition = resources[first["condition"]["reference"].split("/")[1]]
            assert (first["use"]["coding"][0]["code"], first["rank"]) == ("DD", 1)
            assert condition["encounter"]["reference"] == f"Encounter/{stay['id']}"


def test_nothing_is_observed_outside_its_encounter(small: Any) -> None:
    for name in small.histories:
        resources = small.resources(name)
        for one in resources.values():
            if one["resourceType"] != "Observation":
                continue
            period = resources[one["encounter"]["reference"].split("/")[1]]["period"]
            assert period["start"] <= one["effectiveDateTime"]
            assert one["effectiveDateTime"] <= period.get("end", "9999")


def test_a_dead_patient_has_no_encounter_after_death(small: Any) -> None:
    for name in small.histories:
        resources = small.resources(name)
        patient = next(r for r in resources.values() if r["resourceType"] == "Patient")
        death = patient.get("deceasedDateTime", "9999")
        starts = [r["period"]["start"] for r in resources.values() if "period" in r]
        assert all(start <= death for start in starts)


def stays(resources: dict[str, Json]) -> list[Json]:
    return [
        one
        for one in resources.values()
        if one["resourceType"] == "Encounter"
        and one["class"]["code"] == "IMP"
        and one["status"] == "finished"
    ]
