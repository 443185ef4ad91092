"""Real and synthetic records go the whole way: events, labels, features."""

import bz2
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl.events.event import Event
from etl.events.extract import events_of
from etl.events.table import from_bytes, merge, to_bytes
from etl.features.compute import feature_row
from etl.features.table import rows_to_table, table_to_rows
from etl.labels.index import label_patient
from etl.rules import SiteRules
from tests.support.data import shared_data

MIMIC = SiteRules(  # no encounter there is IMP, and only hospital stays name a service
    inpatient_classes=frozenset({"EMER", "OBSENC", "AMB", "SS"}), inpatient_needs_service=True
)
MIMIC_FILES = (
    "MimicPatient", "MimicEncounter", "MimicEncounterED", "MimicEncounterICU", "MimicCondition",
    "MimicProcedure", "MimicMedicationRequest", "MimicObservationVitalSignsED",
)  # fmt: skip
Lives = dict[str, list[Event]]


def ndjson(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        for line in lines:
            yield json.loads(line, parse_float=Decimal)


def lives_of(resources: Iterator[dict[str, Any]]) -> Lives:
    lives = defaultdict(list)
    for resource in resources:
        for event in events_of(resource):
            lives[event.patient_id].append(event)
    return {patient: merge([], events) for patient, events in lives.items()}


@pytest.fixture(scope="module")
def mimic() -> Lives:
    folder = shared_data("mimic_iv_demo_fhir") / "fhir"
    return lives_of(
        resource for name in MIMIC_FILES for resource in ndjson(folder / f"{name}.ndjson.gz")
    )


def referring_by_type(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Resources of a transaction with `urn:uuid` references made `Type/id`, as ingest does."""
    names = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    text = json.dumps([entry["resource"] for entry in bundle["entry"]], default=float)
    for url, resource in names.items():
        text = text.replace(f'"{url}"', f'"{resource["resourceType"]}/{resource["id"]}"')
    yield from json.loads(text)


def test_mimic_stays_are_labelled_with_every_encounter_accounted_for(mimic: Lives) -> None:
    labels = [label_patient(events, MIMIC) for events in mimic.values()]
    encounters = {
        event.resource_id
        for events in mimic.values()
        for event in events
        if event.code.startswith("ADMISSION//")
    }
    accounted = [index.encounter_id for each in labels for index in each.index]
    accounted += [one.encounter_id for each in labels for one in each.excluded]

    assert len(accounted) == len(set(accounted)) == len(encounters) == 206 + 160 + 102
    reasons = [one.reason for each in labels for one in each.excluded]
    assert reasons.count("died_in_hospital") == 11
    assert reasons.count("part_of_another_stay") == 126 + 102


def test_mimic_without_its_site_rules_has_no_index_at_all(mimic: Lives) -> None:
    assert not any(label_patient(events, SiteRules()).index for events in mimic.values())


def test_mimic_readmissions_cannot_be_told_planned_and_say_so(mimic: Lives) -> None:
    index = [each for events in mimic.values() for each in label_patient(events, MIMIC).index]
    back = [each for each in index if each.event in ("planned", "unplanned")]

    assert 0.15 < len(back) / len(index) < 0.25
    assert all(each.planned_unknown for each in back)


def test_mimic_rows_are_the_same_from_stored_bytes(mimic: Lives) -> None:
    rows, stored = [], []
    for events in list(mimic.values())[:12]:
        kept = from_bytes(to_bytes(events))
        for each in label_patient(events, MIMIC).index[:3]:
            asked = (each.discharged_at, each.encounter_id, MIMIC)
            rows.append(feature_row(events, *asked))
            stored.append(feature_row(kept, *asked))

    assert rows
    assert repr(stored) == repr(rows) == repr(table_to_rows(rows_to_table(rows)))


def test_synthea_patients_have_events_and_a_row() -> None:
    bundles = sorted(shared_data("synthea_r4_notes").glob("[1-9a-f]*.json.bz2"))[:3]
    for path in bundles:
        bundle = json.loads(bz2.decompress(path.read_bytes()), parse_float=Decimal)
        [(patient, events)] = lives_of(referring_by_type(bundle)).items()
        last = max(event.available for event in events if event.available)
        row = feature_row(events, last, None, SiteRules())

        assert row.patient_id == patient
        assert row.note_keys
        assert row.steps
