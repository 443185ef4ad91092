"""The way of the UCI stays through the floors, one function for each stage.

Nothing here knows more than the front door does: files go in by ingestion, the snapshot is what
Spark made of the store, and the network sees the snapshot alone. The only thing of the benchmark's
own is which patients are in which part. Spark and the training stack are imported where they are
used: the processes that ingest start from this module and need neither.
"""

import csv
import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import SecretStr

from bench.uci.agreement import Agreement, agreement, encounter_pseudonym
from bench.uci.rows import Stay
from bench.uci.rules import UCI_RULES
from bench.uci.split import is_valid_patient
from etl.features.table import table_to_rows
from etl.jobs.job import FeatureJob
from etl.snapshots import SnapshotManifest, snapshot_path, table_path
from fhir_api.ingest.report import IngestReport
from fhir_api.ingest.run import ingest_files
from fhir_api.ingest.settings import IngestSettings
from homeward.house import House
from homeward.settings import Settings
from model.options import TrainOptions
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

SITE = "uci"
# The stays are public, so the key hides nobody: fixed, it makes a run repeatable to the last bit.
KEY = hashlib.sha256(b"key of the UCI benchmark of Homeward").hexdigest()
SCORED_TOGETHER = 1_000


class NotStored(RuntimeError):
    """Ingestion refused resources of the converter; the message says where the reasons are."""


def benchmark_house(home: Path, database_url: str) -> House:
    """A house over the benchmark's own database, key and rules."""
    return House(
        Settings(
            home=home,
            site=SITE,
            key=SecretStr(KEY),
            database_url=SecretStr(database_url),
            observed_until="forever",
            minimum_age=UCI_RULES.minimum_age,
        )
    )


def store(house: House, folder: Path, workers: int) -> IngestReport:
    """Ingest the NDJSON files.

    Raises:
        NotStored: A resource was refused.
    """
    house.engine.dispose()  # the schema is there; workers open connections of their own
    settings = IngestSettings(
        database_url=house.database_url,
        site=SITE,
        root_key=house.root_key,
        today=house.now().date(),
        workers=workers,
    )
    house.settings.home.mkdir(parents=True, exist_ok=True)
    rejects = house.settings.home / "rejects.ndjson"
    report = ingest_files([folder], settings, rejects)
    if report.total.rejected:
        raise NotStored(f"{report.total.rejected} resources were refused; {rejects} says why.")
    return report


def make_features(house: House, master: str) -> SnapshotManifest:
    """Events, labels and features of every patient, by Spark."""
    from etl.jobs.run import run_features
    from etl.jobs.session import SparkOptions
    from homeward.embedded.java import prepare_java

    prepare_java(house.settings.home)
    options = SparkOptions(master, house.settings.home)
    return run_features(feature_job(house), options, house.now())


def feature_job(house: House) -> FeatureJob:
    """What Spark is asked to do: everything, by the rules of this benchmark, without notes."""
    return FeatureJob(house.database_url, SITE, house.settings.home, UCI_RULES, full=True)


def check_labels(house: House, stays: Sequence[Stay]) -> Agreement:
    """Compare the labels of the snapshot with the published ones, stay by stay.

    Raises:
        LabelsDisagree: They are not the same.
    """
    labels = _columns(table_path(house.settings.home, "labels"), ("encounter_id", "label"))
    ledger = _columns(table_path(house.settings.home, "ledger"), ("encounter_id", "reason"))
    return agreement(stays, dict(labels), ledger, house.keys)


def write_split(path: Path, parts: Mapping[str, Iterable[Stay]], keys: SiteKeys) -> Path:
    """Which patient is in which part; one training patient in ten chooses when to stop.

    Args:
        path: CSV to write: `patient_id,split`.
        parts: The stays of `train` and of `test`.
        keys: By which pseudonyms are computed.
    """
    patients = {stay.patient_nbr: part for part, stays in parts.items() for stay in stays}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("patient_id", "split"))
        for number, part in patients.items():
            chooses = part == "train" and is_valid_patient(number)
            name = pseudonym(keys, "Patient", str(number))
            writer.writerow((name, "valid" if chooses else part))
    return path


def learn(house: House, out: Path, options: TrainOptions) -> Path:
    """Train on the current snapshot; the directory of the model."""
    from homeward.backend import choose_backend

    choose_backend()
    from model.train import train

    return train(snapshot_path(house.settings.home), out, options, say)


def say(words: str) -> None:
    """A line of progress, out of the way of results."""
    sys.stderr.write(f"{words}\n")


def score(house: House, artefact: Path, stays: Iterable[Stay]) -> dict[int, float]:
    """Probability of each scored stay, by the number of the file, from the code that serves."""
    from model.predictor import Predictor

    predictor = Predictor.load(artefact)
    numbers = {
        encounter_pseudonym(stay, house.keys): stay.encounter_id for stay in stays if stay.is_scored
    }
    table = pq.read_table(table_path(house.settings.home, "features"))
    wanted = table.filter(pc.is_in(table["encounter_id"], pa.array(list(numbers))))
    found: dict[int, float] = {}
    for start in range(0, len(wanted), SCORED_TOGETHER):
        rows = table_to_rows(wanted.slice(start, SCORED_TOGETHER))
        risks = predictor.score_many(rows)
        names = [numbers[str(row.encounter_id)] for row in rows]
        found |= dict(zip(names, np.asarray(risks, float).tolist(), strict=True))
    return found


def _columns(folder: Path, names: tuple[str, str]) -> list[tuple[Any, Any]]:
    table = pq.read_table(folder, columns=list(names))
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))
