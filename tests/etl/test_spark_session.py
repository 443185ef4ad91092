"""How Spark is started: its files are ours alone, and rows rest on settings that we fix."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from etl.jobs.session import ROWS_REST_ON, SparkOptions, scratch_folder, settings, settle


def failing_work(home: Path) -> None:
    with scratch_folder(home) as folder:
        (folder / "shuffle").write_text("events")
        raise ZeroDivisionError


def test_temporary_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        assert folder.parent == (tmp_path / "tmp").resolve()
        assert folder.stat().st_mode & 0o777 == 0o700


def test_temporary_files_are_gone_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        failing_work(tmp_path)

    assert list((tmp_path / "tmp").iterdir()) == []


def test_spark_is_told_to_keep_to_the_scratch_folder(tmp_path: Path) -> None:
    told = settings(SparkOptions("local[1]", tmp_path, memory="3g"), tmp_path / "scratch")

    places = [told[name] for name in ("spark.local.dir", "spark.sql.warehouse.dir")]
    assert all(place.startswith(str(tmp_path / "scratch")) for place in places)
    assert told["spark.driver.memory"] == "3g"
    assert told["spark.ui.enabled"] == "false"


def test_any_session_is_given_the_settings_rows_rest_on(spark: SparkSession) -> None:
    settle(spark)

    assert {name: spark.conf.get(name) for name in ROWS_REST_ON} == ROWS_REST_ON
