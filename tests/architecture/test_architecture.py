"""What the shape of the project promises, held in fresh processes and built wheels."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {"privacy", "fhir_api", "etl", "model", "monitoring", "cds_hooks", "homeward"}
HEAVY = ("pyspark", "tensorflow", "keras", "sklearn", "lightgbm", "pandas", "matplotlib")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules a fresh process has loaded after `statement`."""
    code = f"{statement}\nimport sys\nprint(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import cds_hooks.routes",
        "import homeward.app",
        "import model.predictor",
        "import homeward.cli",
    ],
)
def test_serving_loads_neither_spark_nor_the_training_stack(statement: str) -> None:
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_the_word_alembic_means_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
    subprocess.run(
        [sys.executable, "-c", "import alembic; assert alembic.__version__"], check=True, cwd=ROOT
    )


def test_the_wheel_holds_exactly_the_seven_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {name for name in names if not name.endswith(".dist-info")} == FLOORS


def test_every_room_says_what_it_is_and_imports_nothing() -> None:
    for init in (path for floor in FLOORS for path in (ROOT / floor).rglob("__init__.py")):
        text = init.read_text()
        assert text.startswith('"""'), init
        assert "import" not in text.replace('"""' + text.split('"""')[1] + '"""', ""), init


def test_the_lock_file_names_no_registry_and_every_dependency_is_in_it() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [need.split("[")[0].split("<")[0].replace(".", "-").lower() for need in wanted]

    assert "://" not in lock
    assert [name for name in names if f"\n{name}==" not in f"\n{lock}"] == []


def test_every_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [need.split("[")[0].split("<")[0] for need in wanted]

    assert [name for name in names if name not in reasons] == []
