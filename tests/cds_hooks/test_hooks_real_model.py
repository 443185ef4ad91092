"""The whole hook with the real predictor and its own note encoder; only its weights are random."""

from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from cds_hooks.service import CdsService, Champion
from etl.features.catalogue import SCHEMA_HASH
from model.predictor import Predictor
from monitoring.tables import Prediction
from tests.support.hooks import client_of, hook_parts
from tests.support.patients import discharge_call, discharge_prefetch, patient
from tests.support.predictors import untrained_predictor

DISCHARGE = "/cds-services/readmission-risk-discharge"


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Served as the front door serves one."""
    return untrained_predictor(tmp_path_factory.mktemp("champion"))


def served(engine: Engine, predictor: Predictor) -> CdsService:
    champion = Champion(predictor, predictor.note_encoder)
    return hook_parts(engine, champion=lambda: champion)


def test_the_real_predictor_answers_with_its_own_reasons(
    engine: Engine, predictor: Predictor
) -> None:
    response = client_of(served(engine, predictor)).post(DISCHARGE, json=discharge_call())

    (card,) = response.json()["cards"]
    assert response.status_code == 200
    assert len(card["summary"]) < 140
    assert card["detail"].count("\n- ") + card["detail"].startswith("- ") <= 3


def test_the_ledger_names_the_model_and_its_features(engine: Engine, predictor: Predictor) -> None:
    client_of(served(engine, predictor)).post(DISCHARGE, json=discharge_call())

    with Session(engine) as session:
        (row,) = session.scalars(select(Prediction))
    assert (row.model_version, row.schema_hash) == (predictor.version, SCHEMA_HASH)
    assert 0.0 < row.probability < 1.0
    assert 0 < row.inputs_known < row.inputs_total


@pytest.mark.parametrize(
    "prefetch",
    [
        {"patient": patient(), "encounter": discharge_prefetch()["encounter"]},
        discharge_prefetch() | {"documents": None},
        discharge_prefetch() | {"observations": None, "conditions": None},
    ],
    ids=["no history", "no notes", "no facts"],
)
def test_a_patient_of_whom_little_is_known_is_scored(
    engine: Engine, predictor: Predictor, prefetch: dict[str, Any]
) -> None:
    call = discharge_call(prefetch=prefetch)

    response = client_of(served(engine, predictor)).post(DISCHARGE, json=call)

    assert response.status_code == 200
    assert response.json()["cards"]


def test_the_same_call_gives_the_same_probability(engine: Engine, predictor: Predictor) -> None:
    client = client_of(served(engine, predictor))
    for _ in range(2):
        client.post(DISCHARGE, json=discharge_call())

    with Session(engine) as session:
        probabilities = list(session.scalars(select(Prediction.probability)))
    assert probabilities[0] == probabilities[1]
