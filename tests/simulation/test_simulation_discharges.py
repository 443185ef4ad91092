"""A discharge call knows what was known at discharge, and later/ tells the same story."""

from typing import Any

import orjson

LISTS = ("observations", "medications", "procedures", "documents")


def entries(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {e["resource"]["id"]: e["resource"] for e in bundle.get("entry", [])}


def test_the_history_ends_before_the_stay_of_the_call(small: Any) -> None:
    for name, call in small.discharges.items():
        history = entries(small.histories[name])
        assert call["patient"] in history
        assert call["encounter"] not in history
        assert call["encounter"] in entries(small.later[name])


def test_later_holds_the_same_stay_under_the_same_ids(small: Any) -> None:
    for name, call in small.discharges.items():
        later = entries(small.later[name])
        assert later[call["encounter"]]["period"] == call["prefetch"]["encounter"]["period"]
        for key in LISTS:
            assert entries(call["prefetch"][key]).keys() <= later.keys()


def test_conditions_of_a_call_are_old_problems_and_the_new_diagnosis(small: Any) -> None:
    for name, call in small.discharges.items():
        known = entries(small.histories[name]).keys() | entries(small.later[name]).keys()
        conditions = entries(call["prefetch"]["conditions"])
        assert conditions.keys() <= known
        principal = call["prefetch"]["encounter"]["diagnosis"][0]["condition"]["reference"]
        assert principal.removeprefix("Condition/") in conditions


def test_a_call_is_made_at_the_end_of_the_stay(small: Any) -> None:
    for call in small.discharges.values():
        assert call["prefetch"]["encounter"]["period"]["end"] == call["discharged_at"]
        assert call["prefetch"]["encounter"]["status"] == "finished"


def test_a_call_knows_nothing_that_came_after_it(small: Any) -> None:
    for call in small.discharges.values():
        for key, moment in (("observations", "issued"), ("documents", "date")):
            found = entries(call["prefetch"][key]).values()
            assert all(one[moment] <= call["discharged_at"] for one in found)
        assert "deceasedDateTime" not in call["prefetch"]["patient"]


def test_every_call_has_its_truth(small: Any) -> None:
    truths = {row["encounter"]: row for row in small.truth}
    for call in small.discharges.values():
        row = truths[call["encounter"]]
        assert row["index"]
        assert (row["patient"], row["discharged_at"]) == (call["patient"], call["discharged_at"])


def test_a_prefetched_bundle_is_about_the_called_patient_alone(small: Any) -> None:
    for call in small.discharges.values():
        for key in (*LISTS, "conditions"):
            for one in entries(call["prefetch"][key]).values():
                assert one["subject"]["reference"] == f"Patient/{call['patient']}"


def test_a_stay_that_goes_on_at_the_end_is_finished_later(large: Any) -> None:
    going_on = {
        (name, one["id"])
        for name, bundle in large.histories.items()
        for one in entries(bundle).values()
        if one.get("status") == "in-progress"
    }

    assert going_on
    for name, stay in going_on:
        assert entries(large.later[name])[stay]["status"] == "finished"


def test_a_death_after_the_last_day_comes_as_an_update(large: Any) -> None:
    later_deaths = [
        one
        for bundle in large.later.values()
        for one in entries(bundle).values()
        if one["resourceType"] == "Patient"
    ]

    assert later_deaths
    assert all("deceasedDateTime" in one for one in later_deaths)
    ids = {one["id"] for one in later_deaths}
    before = [entries(bundle) for bundle in large.histories.values()]
    held = [known[i] for known in before for i in ids & known.keys()]
    assert all("deceasedDateTime" not in orjson.dumps(one).decode() for one in held)
