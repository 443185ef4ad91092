"""The features run on a standalone cluster of one master and two workers."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import Engine

from etl.snapshots import read_manifest, table_path
from homeward.embedded.java import prepare_java
from tests.support.cluster import standalone_cluster
from tests.support.hospital import back_after, put

REPOSITORY = Path(__file__).resolve().parents[2]
VAR = REPOSITORY / "var" / "tests"
RUN = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from etl.jobs.job import FeatureJob
from etl.jobs.run import run_features
from etl.jobs.session import SparkOptions
from etl.rules import SiteRules
from tests.support.encoders import LengthEncoder

master, url, home = sys.argv[1], sys.argv[2], Path(sys.argv[3])
job = FeatureJob(url, "north", home, SiteRules(), encoder=LengthEncoder)
run_features(job, SparkOptions(master, home, memory="500m"), datetime(2021, 1, 1, tzinfo=UTC))
"""


def run_on(master: str, url: str, home: Path) -> None:
    """A features run in a process of its own: this one may have a local session already."""
    subprocess.run(
        [sys.executable, "-c", RUN, master, url, str(home)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
        timeout=400,
    )


def test_one_master_and_two_workers_make_a_snapshot(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    prepare_java(VAR)
    patients = [f"patient-{number}" for number in range(12)]
    put(engine, *(resource for patient in patients for resource in back_after(patient, 10)))

    with standalone_cluster(tmp_path, workers=2) as master:
        run_on(master, database_url, tmp_path / "home")

    labels = pq.read_table(table_path(tmp_path / "home", "labels"))
    assert sorted(labels["patient_id"].to_pylist()) == sorted(patients * 2)
    assert read_manifest(tmp_path / "home").counts["notes"] > 0
    assert all(list(tmp_path.glob(f"worker-{number}/app-*")) for number in range(2))
    assert not list((tmp_path / "home" / "tmp").iterdir())
