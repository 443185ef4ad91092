"""The command line: exit codes, what goes where, and help with an example for every command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeward.cli import register_commands

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    ["adt", "dead-letters"],
    ["adt", "listen"],
    ["adt", "replay"],
    ["clients", "add"],
    ["clients", "list"],
    ["demo"],
    ["doctor"],
    ["evaluate"],
    ["features"],
    ["ingest"],
    ["migrate"],
    ["models", "list"],
    ["models", "promote"],
    ["monitor"],
    ["notes", "fit"],
    ["reindex"],
    ["score"],
    ["serve"],
    ["simulate"],
    ["subscriptions", "dead"],
    ["subscriptions", "forget"],
    ["subscriptions", "replay"],
    ["train"],
)


def homeward(
    *arguments: str, url: str | None = None, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """One command in a process of its own."""
    given = {f"HOMEWARD_{name.upper()}": value for name, value in settings.items()}
    given |= {"HOMEWARD_DATABASE_URL": url} if url else {}
    return subprocess.run(
        [sys.executable, "-m", "homeward", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **given},
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_helps_with_an_example(command: list[str]) -> None:
    helped = CliRunner().invoke(register_commands(), [*command, "--help"])

    assert helped.exit_code == 0
    assert "Example: " in helped.stdout


def test_an_unknown_option_ends_with_two() -> None:
    assert homeward("ingest", "--never-heard-of").returncode == 2


def test_a_path_that_is_not_there_ends_with_two_and_one_line(tmp_path: Path) -> None:
    refused = homeward("ingest", str(tmp_path / "nothing"), home=str(tmp_path))

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("homeward: There is no ")
    assert "Traceback" not in refused.stderr


def test_an_open_address_is_refused_without_a_proxy(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - that it is refused is the point
    refused = homeward("serve", "--host", everywhere, home=str(tmp_path))

    assert refused.returncode == 2
    assert "--behind-proxy" in refused.stderr


def test_simulating_into_a_folder_in_use_ends_with_two(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    assert homeward("simulate", "--out", str(tmp_path), "--patients", "1").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_ingest_reports_json_that_adds_up_and_ends_with_one_when_some_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    lines = [{"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "gender": 7}]
    file = tmp_path / "patients.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)))
    key = {"key": os.urandom(32).hex(), "home": str(tmp_path), "site": "cli"}

    done = homeward("ingest", str(file), "--json", url=database_url, **key)

    told = json.loads(done.stdout)["total"]
    assert done.returncode == 1
    assert told == {"read": 2, "stored": 1, "unchanged": 0, "rejected": 1}


def test_the_doctor_finds_a_fresh_installation_sound(database_url: str, tmp_path: Path) -> None:
    settings = {"key": os.urandom(32).hex(), "home": str(tmp_path), "site": "fresh"}
    done = homeward("doctor", "--json", url=database_url, **settings)

    findings = json.loads(done.stdout)
    assert done.returncode == 0
    assert [finding["check"] for finding in findings if not finding["good"]] == []


def test_training_without_a_snapshot_says_which_command_comes_first(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"key": os.urandom(32).hex(), "home": str(tmp_path), "site": "early"}
    refused = homeward("train", url=database_url, **settings)

    assert refused.returncode == 1
    assert "homeward features" in refused.stderr
