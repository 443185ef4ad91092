"""From Bundles to a card, its outcome and the report: every part real."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.dataset as ds
import pytest
from sqlalchemy import create_engine, text

from etl.features.compute import feature_row
from etl.features.table import table_to_rows
from etl.online import load_patient

LONGEST_AREA_CODE = 5  # such as (802), which many share
FIRST_YEAR_STORED = "2020"  # a day of birth in later years is also a day of other events
WORDS = re.compile(r"[0-9A-Za-z@.+()-]{6,}")  # record numbers, phones, dates, ids, addresses


def test_everything_read_is_accounted_for_and_nothing_valid_is_rejected(way: Any) -> None:
    total, simulated = way.report.total, json.loads((way.folder / "manifest.json").read_text())

    assert total.rejected == 0
    assert total.read == total.stored == sum(simulated["resources"].values())


def test_the_same_input_twice_stores_nothing_twice(way: Any) -> None:
    assert way.again.total.stored == 0
    assert way.again.total.unchanged == way.report.total.read


def test_batch_features_equal_online_features_bit_for_bit(way: Any) -> None:
    from etl.snapshots import table_path

    folder = table_path(way.house.settings.home, "features")
    for row in table_to_rows(ds.dataset(folder).to_table())[::7]:
        online = load_patient(way.house.engine, "small", row.patient_id)
        assert online is not None
        again = feature_row(online.events, row.as_of, row.encounter_id, way.house.rules)
        assert repr(again) == repr(row)


def test_every_discharge_gets_a_card_within_the_protocol(answers: list[Any]) -> None:
    assert answers
    for answer in answers:
        assert answer.status_code == 200, answer.text
        (card,) = answer.json()["cards"]
        assert len(card["summary"]) < 140
        assert card["indicator"] in {"info", "warning", "critical"}


def test_the_risk_assessment_is_read_back_by_whoever_knows_the_real_id(
    way: Any, answers: list[Any]
) -> None:
    assert answers
    real = way.calls()[0]["patient"]
    found = way.client.get(f"/fhir/RiskAssessment?subject={quote(f'Patient/{real}', safe='')}")

    (assessment,) = [entry["resource"] for entry in found.json()["entry"]]
    assert assessment["subject"]["reference"] == f"Patient/{real}"
    assert 0 < assessment["prediction"][0]["probabilityDecimal"] < 100
    assert assessment["occurrenceDateTime"][:4] == "2026"


def test_an_unknown_patient_without_prefetch_is_never_answered_with_silence(way: Any) -> None:
    answer = way.ask({"patient": "nobody", "encounter": "none", "prefetch": {}})

    assert answer.status_code == 412
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_outcomes_are_linked_once_what_happened_later_is_known(
    way: Any, answers: list[Any], followed_up: Any
) -> None:
    linked, report = followed_up

    assert linked.predictions == len(answers)
    assert linked.linked == len(answers)
    assert linked.matured > 0
    assert [version.model_version for version in report.versions]
    truth = {each["encounter"]: each["event"] for each in truths(way.folder)}
    wanted = Counter(truth[discharge["encounter"]] for discharge in way.calls())
    assert Counter(linked.events) == wanted


@pytest.mark.usefixtures("followed_up")
def test_no_canary_is_in_the_database_the_logs_or_the_files(way: Any) -> None:
    canaries = canaries_of(way.folder)
    assert len(canaries) > 500

    left = [*everything_stored(way.house.database_url), *every_file(way.house.settings.home)]
    words = {word for each in left for word in WORDS.findall(each)}

    assert canaries & words == set()


def truths(folder: Path) -> list[dict[str, Any]]:
    """What the simulated hospital knows of each discharge."""
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def canaries_of(folder: Path) -> set[str]:
    """Ids, record numbers, phones, addresses, family names and birth dates of every patient."""
    canaries: set[str] = set()
    for path in (folder / "patients").glob("*.json"):
        bundle = json.loads(path.read_text())
        (patient,) = [
            entry["resource"]
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] == "Patient"
        ]
        canaries.add(patient["id"])
        canaries |= {patient["birthDate"]} if patient["birthDate"] < FIRST_YEAR_STORED else set()
        canaries |= {each["value"] for each in patient["identifier"]}
        phones = [part for each in patient.get("telecom", ()) for part in each["value"].split()]
        canaries |= {phone for phone in phones if len(phone) > LONGEST_AREA_CODE}
    return canaries


def everything_stored(url: str) -> list[str]:
    """Every row of every table as text."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = connection.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        rows = [
            str(row)
            for name in names
            for row in connection.scalars(text(f'select t::text from "{name}" t'))
        ]
    engine.dispose()
    return rows


def every_file(home: Path) -> list[str]:
    """Every file below a folder as text, whatever it holds."""
    return [path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file()]
