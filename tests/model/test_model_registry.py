"""The registry: what is promoted answers, every move is written down, damage is noticed."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fhir_api.store.base import Base
from model import registry, tables
from model.errors import CorruptArtefact, UnknownModel
from model.registry import Decision, Promotion

NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
ASKED = Decision("ann", "better on last month's discharges", NOW)


@pytest.fixture
def database(engine: Engine) -> Engine:
    """The registry's tables, empty."""
    made = (tables.ModelVersion, tables.ModelAlias, tables.ModelPromotion)
    Base.metadata.create_all(engine, [table.__table__ for table in made])
    return engine


@pytest.fixture
def artefact(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(trained, tmp_path / "model")


def another(artefact: Path, folder: Path) -> Path:
    """A second model: the same files under another version."""
    copy = shutil.copytree(artefact, folder)
    text = (copy / "manifest.json").read_text("utf-8")
    (copy / "manifest.json").write_text(text.replace("readmission-", "readmission-b"), "utf-8")
    return copy


def test_the_promoted_version_is_the_one_that_answers(database: Engine, artefact: Path) -> None:
    version = registry.register(database, "north", artefact, NOW)
    registry.promote(database, "north", version, ASKED)

    champion = registry.resolve(database, "north")

    assert (champion.version, champion.path) == (version, artefact)
    assert champion.metrics["models"]["network"]["auroc"]["value"] > 0


def test_a_roll_back_is_a_promotion_of_the_earlier_version(
    database: Engine, artefact: Path, tmp_path: Path
) -> None:
    first = registry.register(database, "north", artefact, NOW)
    second = registry.register(database, "north", another(artefact, tmp_path / "b"), NOW)
    for version in (first, second, first):
        registry.promote(database, "north", version, ASKED)

    moves = registry.promotions(database, "north")

    assert [(move.previous, move.version) for move in moves] == [
        (None, first), (first, second), (second, first),
    ]  # fmt: skip
    assert moves[0] == Promotion("champion", first, None, ASKED.by, ASKED.reason, NOW)
    assert registry.aliases(database, "north") == {"champion": first}


def test_registering_twice_changes_nothing(database: Engine, artefact: Path) -> None:
    versions = {registry.register(database, "north", artefact, NOW) for _ in range(2)}

    assert [model.version for model in registry.versions(database, "north")] == list(versions)


def test_sites_do_not_see_each_others_models(database: Engine, artefact: Path) -> None:
    version = registry.register(database, "north", artefact, NOW)

    with pytest.raises(UnknownModel, match=f"Site south has no model version `{version}`"):
        registry.promote(database, "south", version, ASKED)
    assert registry.versions(database, "south") == []


def test_a_damaged_model_is_neither_promoted_nor_resolved(database: Engine, artefact: Path) -> None:
    version = registry.register(database, "north", artefact, NOW)
    registry.promote(database, "north", version, ASKED)
    (artefact / "weights.npz").write_bytes(b"")

    with pytest.raises(CorruptArtefact, match=r"weights\.npz is not the file"):
        registry.resolve(database, "north")
    with pytest.raises(CorruptArtefact, match="Restore the directory"):
        registry.promote(database, "north", version, ASKED)


def test_a_swapped_manifest_is_noticed(database: Engine, artefact: Path) -> None:
    version = registry.register(database, "north", artefact, NOW)
    registry.promote(database, "north", version, ASKED)
    with (artefact / "manifest.json").open("a", encoding="utf-8") as manifest:
        manifest.write("\n")

    with pytest.raises(CorruptArtefact, match="not the one that was registered"):
        registry.resolve(database, "north")


def test_an_alias_that_stands_for_nothing_says_so(database: Engine) -> None:
    with pytest.raises(UnknownModel, match="no model alias `champion`"):
        registry.resolve(database, "north")
    with pytest.raises(UnknownModel, match="no model alias `winner`"):
        registry.promote(database, "north", "x", ASKED, "winner")  # type: ignore[arg-type]
