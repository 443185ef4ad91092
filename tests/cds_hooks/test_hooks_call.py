"""A hook call over HTTP: from real ids to a card, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from cds_hooks.service import Options
from monitoring.tables import Prediction
from privacy.dates import shift_datetime, shift_days
from tests.support.hooks import (
    ANN_PSEUDONYM,
    KEYS,
    NOW,
    STAY_PSEUDONYM,
    FixedPredictor,
    client_of,
    hook_parts,
    store_identified,
)
from tests.support.patients import (
    ANN,
    STAY,
    condition,
    discharge_call,
    discharge_prefetch,
    earlier_encounter,
    encounter,
    observation,
    open_encounter,
    patient,
    searchset,
    view_call,
)

DISCHARGE = "/cds-services/readmission-risk-discharge"
VIEW = "/cds-services/readmission-risk"


def ledger(engine: Engine) -> list[Prediction]:
    with Session(engine) as session:
        return list(session.scalars(select(Prediction)))


def test_a_discharge_is_answered_with_one_card(engine: Engine) -> None:
    response = client_of(hook_parts(engine)).post(DISCHARGE, json=discharge_call())

    assert response.status_code == 200
    (card,) = response.json()["cards"]
    assert card["summary"] == (
        "High risk of readmission within 30 days: about 31 of 100 similar patients"
    )


def test_a_patient_the_store_has_never_seen_is_scored_on_prefetch(engine: Engine) -> None:
    predictor = FixedPredictor()

    client_of(hook_parts(engine, predictor)).post(DISCHARGE, json=discharge_call())

    (row,) = predictor.rows
    assert (row.patient_id, row.encounter_id) == (ANN_PSEUDONYM, STAY_PSEUDONYM)
    assert "DIAGNOSIS//http://hl7.org/fhir/sid/icd-10-cm//I50.9" in row.stay_codes


def test_prefetch_and_store_give_the_same_row(engine: Engine) -> None:
    stored, sent = FixedPredictor(), FixedPredictor()
    client_of(hook_parts(engine, sent)).post(DISCHARGE, json=discharge_call())
    parts = hook_parts(engine, stored)
    everything = [patient(), encounter(), earlier_encounter(), condition(), observation()]
    store_identified(parts, *everything)
    without_notes = discharge_prefetch() | {"documents": None}
    client_of(hook_parts(engine, sent)).post(DISCHARGE, json=discharge_call(prefetch=without_notes))

    client_of(parts).post(DISCHARGE, json=discharge_call(prefetch={}))

    assert stored.rows[0] == sent.rows[1]


def test_what_is_prefetched_replaces_what_is_stored(engine: Engine) -> None:
    predictor = FixedPredictor()
    parts = hook_parts(engine, predictor)
    store_identified(parts, patient(), encounter(), observation(value=140))

    client_of(parts).post(DISCHARGE, json=discharge_call(prefetch={}))
    client_of(parts).post(DISCHARGE, json=discharge_call())

    values = [
        value
        for row in predictor.rows
        for step in row.steps
        for code, value in zip(step.codes, step.values, strict=True)
        if code.endswith("2951-2")
    ]
    assert values == [140.0, 131.0]


def test_the_moment_of_a_finished_stay_is_its_end(engine: Engine) -> None:
    parts = hook_parts(engine)

    client_of(parts).post(DISCHARGE, json=discharge_call())

    (row,) = ledger(engine)
    days = shift_days(ANN_PSEUDONYM, KEYS)
    assert row.as_of == shift_datetime(NOW.replace(hour=12, minute=0), days)


def test_the_moment_of_a_lasting_stay_is_now(engine: Engine) -> None:
    prefetch = {"patient": patient(), "encounters": searchset(open_encounter())}

    client_of(hook_parts(engine)).post(VIEW, json=view_call(prefetch=prefetch))

    (row,) = ledger(engine)
    assert row.as_of == shift_datetime(NOW, shift_days(ANN_PSEUDONYM, KEYS))
    assert row.encounter_id == STAY_PSEUDONYM


def test_an_open_stay_is_found_when_the_context_names_none(engine: Engine) -> None:
    prefetch = {"patient": patient(), "encounters": searchset(open_encounter())}

    answer = client_of(hook_parts(engine)).post(VIEW, json=view_call(prefetch=prefetch)).json()

    order = answer["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert order["encounter"] == {"reference": f"Encounter/{STAY}"}


def test_a_chart_opened_outside_a_stay_is_scored(engine: Engine) -> None:
    response = client_of(hook_parts(engine)).post(VIEW, json=view_call())

    (row,) = ledger(engine)
    assert response.status_code == 200
    assert row.encounter_id is None
    assert "Encounter/" not in response.text


def test_every_score_is_in_the_ledger_with_its_card(engine: Engine) -> None:
    answer = client_of(hook_parts(engine)).post(DISCHARGE, json=discharge_call()).json()

    (row,) = ledger(engine)
    assert row.card_id == UUID(answer["cards"][0]["uuid"])
    assert (row.patient_id, row.encounter_id) == (ANN_PSEUDONYM, STAY_PSEUDONYM)
    assert (row.model_version, row.probability, row.arm) == ("v1", 0.31, "shown")
    assert row.made_at == NOW
    assert row.latency_ms > 0


@pytest.mark.parametrize("arm", ["silent", "shadow"])
def test_outside_the_shown_arm_a_score_is_kept_and_no_card_shown(engine: Engine, arm: Any) -> None:
    options = Options(source_url="https://homeward.example", arm=arm)

    response = client_of(hook_parts(engine, options=options)).post(DISCHARGE, json=discharge_call())

    (row,) = ledger(engine)
    assert response.json() == {"cards": []}
    assert (row.arm, row.card_id) == (arm, None)


def test_a_stored_assessment_of_the_score_can_be_read_back(engine: Engine) -> None:
    parts = hook_parts(engine)

    client_of(parts).post(DISCHARGE, json=discharge_call())

    (stored,) = parts.store.patient_resources(ANN_PSEUDONYM, types=["RiskAssessment"])
    assert stored.body["subject"] == {"reference": f"Patient/{ANN_PSEUDONYM}"}
    assert str(stored.body["prediction"][0]["probabilityDecimal"]) == "31.0"


def test_notes_seen_first_in_prefetch_are_read(engine: Engine) -> None:
    predictor = FixedPredictor()

    client_of(hook_parts(engine, predictor)).post(DISCHARGE, json=discharge_call())

    (notes,) = predictor.notes
    assert [vectors.shape for vectors in notes] == [(3, 4)]


def test_a_second_call_makes_a_second_prediction(engine: Engine) -> None:
    client = client_of(hook_parts(engine))

    cards = [
        client.post(DISCHARGE, json=discharge_call()).json()["cards"][0]["uuid"] for _ in range(2)
    ]

    assert len(set(cards)) == len(ledger(engine)) == 2


def test_no_real_identifier_reaches_the_database(engine: Engine) -> None:
    client_of(hook_parts(engine)).post(DISCHARGE, json=discharge_call())

    with engine.connect() as connection:
        dump = "\n".join(
            str(row)
            for table in ("prediction", "resource_version")
            for row in connection.execute(text(f"select t::text from {table} t"))
        )
    canaries = (ANN, STAY, "Canaryworth", "Annabella", "1950-03-14", "dr-no", "2024-05-2")
    assert [canary for canary in canaries if canary in dump] == []


def test_no_real_identifier_reaches_the_log(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    client_of(hook_parts(engine)).post(DISCHARGE, json=discharge_call())

    assert "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea" in caplog.text
    assert [each for each in (ANN, STAY, "Canaryworth", "dr-no") if each in caplog.text] == []


def test_calls_are_counted_and_their_parts_timed(engine: Engine) -> None:
    parts = hook_parts(engine)

    response = client_of(parts).post(DISCHARGE, json=discharge_call())

    labels = {"service": "readmission-risk-discharge", "status": "200"}
    assert parts.metrics.registry.get_sample_value("cds_request_seconds_count", labels) == 1.0
    for part in ("request", "deidentify", "history", "features", "notes", "predict", "record"):
        assert f"{part};dur=" in response.headers["Server-Timing"]


def test_a_site_may_set_its_own_thresholds(engine: Engine) -> None:
    parts = hook_parts(engine)
    strict = replace(parts, thresholds=replace(parts.thresholds, high=0.5))

    card = client_of(strict).post(DISCHARGE, json=discharge_call()).json()["cards"][0]

    assert card["indicator"] == "warning"


def test_only_what_the_store_lacks_too_is_told_as_not_sent(engine: Engine) -> None:
    parts = hook_parts(engine)
    store_identified(parts, patient(), encounter(), condition())

    card = client_of(parts).post(DISCHARGE, json=discharge_call(prefetch={})).json()["cards"][0]

    assert "Not sent: observations, medications, procedures, documents." in card["detail"]


def test_calls_at_the_same_time_are_each_answered(engine: Engine) -> None:
    client = client_of(hook_parts(engine))

    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(lambda _: client.post(DISCHARGE, json=discharge_call()), range(24))
        )

    assert {answer.status_code for answer in answers} == {200}
    assert len(ledger(engine)) == 24
