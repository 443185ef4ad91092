"""The label logic, run on what was written, gives back the truth of every discharge."""

from datetime import UTC, datetime
from typing import Any

from etl.events.extract import events_of
from etl.labels.index import PatientLabels, label_patient
from etl.rules import SiteRules


def labels_of(folder: Any, name: str) -> PatientLabels:
    """Labels of one patient, computed from their resources."""
    until = datetime.fromisoformat(folder.manifest.later_until).astimezone(UTC)
    events = [e for one in folder.resources(name).values() for e in events_of(one)]
    return label_patient(events, SiteRules(observed_until=until))


def test_labels_computed_from_the_bundles_equal_the_truth(small: Any) -> None:
    computed: dict[str, tuple[str, int | None]] = {}
    excluded: set[str] = set()
    for name in small.histories:
        labels = labels_of(small, name)
        computed |= {one.encounter_id: (one.event, one.event_day) for one in labels.index}
        excluded |= {one.encounter_id for one in labels.excluded}

    for row in small.truth:
        if row["index"]:
            assert computed[row["encounter"]] == (row["event"], row["event_day"])
        else:
            assert row["encounter"] in excluded


def test_first_stays_of_a_joined_episode_are_no_index_discharge(large: Any) -> None:
    joined = {row["stays"][0]: row["patient"] for row in large.truth if len(row["stays"]) == 2}
    names = {bundle["entry"][0]["resource"]["id"]: name for name, bundle in large.histories.items()}

    for first, patient in list(joined.items())[:20]:
        labels = labels_of(large, names[patient])
        assert first not in {one.encounter_id for one in labels.index}
