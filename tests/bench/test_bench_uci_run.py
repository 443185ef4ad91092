"""Invented stays go the whole way: files, store, Spark, labels, training, predictions."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine

from bench.uci import stages
from bench.uci.files import write_fhir
from bench.uci.rows import Stay
from bench.uci.run import Plan, Stopwatch, learned_and_scored
from bench.uci.split import is_test_patient
from etl.jobs.run import make_snapshot
from homeward.house import House
from model.options import TrainOptions
from tests.support.uci import uci_stay

PATIENTS = 150
QUICK = TrainOptions(epochs=1, draws=10, threads=1, min_count=2)


def invented(number: int) -> list[Stay]:
    """Two stays of a patient; many earlier stays make a readmission likelier."""
    draw = random.Random(number)
    stays = []
    for place in range(2):
        earlier = draw.randrange(5)
        label = "<30" if draw.random() < earlier / 6 else draw.choice(["NO", ">30"])
        disposition = "11" if draw.random() < 0.05 else "1"
        stays.append(
            uci_stay(
                10_000 + 2 * number + place,
                number,
                "NO" if disposition == "11" else label,
                number_inpatient=str(earlier),
                discharge_disposition_id=disposition,
            )
        )
    return stays


@pytest.fixture
def house(tmp_path: Path, database_url: str, engine: Engine) -> Iterator[House]:
    assert engine
    with closing(stages.benchmark_house(tmp_path / "home", database_url)) as house:
        yield house


def test_every_scored_test_stay_gets_a_probability(
    tmp_path: Path, house: House, spark: SparkSession
) -> None:
    stays = [stay for number in range(PATIENTS) for stay in invented(number)]
    parts = {
        "train": [stay for stay in stays if not is_test_patient(stay.patient_nbr)],
        "test": [stay for stay in stays if is_test_patient(stay.patient_nbr)],
    }
    written = write_fhir(stays, tmp_path / "fhir")
    stored = stages.store(house, tmp_path / "fhir", workers=1)
    make_snapshot(spark, stages.feature_job(house), house.now())
    labels = stages.check_labels(house, stays)
    learned = learned_and_scored(house, parts, Plan(tmp_path, QUICK), Stopwatch())
    predicted = (tmp_path / "predictions.csv").read_text().splitlines()[1:]

    assert stored.total.stored == sum(written.values())
    assert labels.scored == sum(stay.is_scored for stay in stays)
    assert len(predicted) == sum(stay.is_scored for stay in parts["test"])
    assert all(0 < float(line.split(",")[2]) < 1 for line in predicted)
    assert learned["parts"]["test"]["rows"] == len(predicted)
