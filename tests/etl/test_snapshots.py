"""A snapshot is found by its pointer, and the pointer moves in one step."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.snapshots import (
    SnapshotManifest,
    SnapshotMissing,
    make_current,
    read_manifest,
    snapshot_path,
    snapshots_folder,
    table_path,
    write_manifest,
)


def a_snapshot(home: Path, snapshot_id: str) -> SnapshotManifest:
    manifest = SnapshotManifest(
        id=snapshot_id,
        created_at=datetime(2020, 1, 1, 12, tzinfo=UTC),
        site="north",
        mode="full",
        watermark=7,
        schema_hash="abc",
        label_spec="cms-hwr-2019",
        rules={"minimum_age": 18},
        encoder=None,
        counts={"patients": 1},
        excluded={"died_in_hospital": 2},
    )
    folder = snapshots_folder(home) / snapshot_id
    folder.mkdir(parents=True)
    write_manifest(folder, manifest)
    return manifest


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    written = a_snapshot(tmp_path, "first")

    assert read_manifest(tmp_path, "first") == written


def test_the_current_snapshot_is_the_one_pointed_to(tmp_path: Path) -> None:
    a_snapshot(tmp_path, "first")
    a_snapshot(tmp_path, "second")

    make_current(tmp_path, "first")
    make_current(tmp_path, "second")

    assert read_manifest(tmp_path).id == "second"
    assert snapshot_path(tmp_path) == snapshots_folder(tmp_path) / "second"


def test_moving_the_pointer_leaves_no_other_file_behind(tmp_path: Path) -> None:
    a_snapshot(tmp_path, "first")

    make_current(tmp_path, "first")

    assert {path.name for path in snapshots_folder(tmp_path).iterdir()} == {"first", "current"}


def test_a_home_without_snapshots_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SnapshotMissing, match="Run `homeward features` first"):
        read_manifest(tmp_path)


def test_the_pointer_never_names_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SnapshotMissing):
        make_current(tmp_path, "missing")

    assert not (snapshots_folder(tmp_path) / "current").exists()


def test_a_table_that_was_not_written_is_missing(tmp_path: Path) -> None:
    a_snapshot(tmp_path, "first")

    with pytest.raises(SnapshotMissing, match="features"):
        table_path(tmp_path, "features", "first")
