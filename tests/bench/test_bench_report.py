"""What every benchmark prints and keeps: the table, the machine, the volume, the command."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import features, ingest
from bench.clock import Spent, measured
from bench.command import CommandFailed, House
from bench.machine import this_machine
from bench.report import Report, save
from bench.volume import Volume, volume

ROWS = [{"part": "read", "resources": 12000, "seconds": 0.25}]


def test_a_report_prints_its_table_and_its_machine(capsys: pytest.CaptureFixture[str]) -> None:
    save(Report("ingest", ROWS, this_machine(), datetime(2026, 1, 2, tzinfo=UTC)), None)
    printed = capsys.readouterr().out

    assert "| read |    12,000 |    0.25 |" in printed
    assert f"{this_machine().cores} cores" in printed


def test_a_report_is_kept_as_json_with_its_machine(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figures.json"
    save(Report("ingest", ROWS, this_machine(), datetime(2026, 1, 2, tzinfo=UTC)), path)
    kept = json.loads(path.read_text())

    assert kept["rows"] == ROWS
    assert kept["machine"]["cores"] >= 1
    assert kept["measured_at"] == "2026-01-02T00:00:00+00:00"


def test_processor_time_of_children_counts() -> None:
    with measured() as spent:
        sum(n * n for n in range(200_000))

    assert spent.cpu_s > 0
    assert spent.wall_s > 0


def test_a_volume_counts_entries_of_bundles_and_lines_of_ndjson(tmp_path: Path) -> None:
    entries = [{"resource": {"resourceType": kind}} for kind in ("Patient", "Encounter")]
    (tmp_path / "a.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    (tmp_path / "b.ndjson").write_text('{"resourceType": "Patient"}\n' * 3)

    found = volume([tmp_path])

    assert (found.patients, found.resources) == (4, 5)
    assert found.megabytes == pytest.approx(
        sum(path.stat().st_size for path in tmp_path.iterdir()) / 1e6
    )


def test_a_command_that_fails_says_so_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"no-such-command ended with [12]:"):
        House(tmp_path).run("no-such-command")


def test_settings_of_a_house_reach_its_process_alone(tmp_path: Path) -> None:
    line = House(tmp_path, {"SITE": "one"}).call("doctor")

    assert line[3:5] == [f"HOMEWARD_HOME={tmp_path}", "HOMEWARD_SITE=one"]
    assert line[-2:] == ["homeward", "doctor"]


def test_rows_of_ingestion_and_features_give_rates_of_what_was_read() -> None:
    size = Volume(patients=60, resources=600, megabytes=1.2)
    ingestion = ingest.figures(size, Spent(wall_s=3.0, cpu_s=1.2), postgres_s=0.6)
    row = features.row("from scratch", size, 30.0, cores=2)

    assert (ingestion["resources/s"], ingestion["MB/s"]) == (200, pytest.approx(0.4))
    assert ingestion["CPU ms/resource"] == pytest.approx(2.0)
    assert ingestion["Postgres CPU ms/resource"] == pytest.approx(1.0)
    assert (row["patients/min"], row["resources/patient"], row["cores"]) == (120, 10, 2)
