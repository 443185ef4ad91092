"""The same options give the same bytes; other options are refused with a word."""

from datetime import date
from pathlib import Path

import pytest

from homeward.simulation.options import BadOptions, FolderInUse, Options
from homeward.simulation.simulate import simulate


def all_bytes(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_two_runs_of_the_same_seed_are_equal_byte_for_byte(tmp_path: Path) -> None:
    for name in ("first", "second"):
        simulate(Options(12, 5, tmp_path / name))

    assert all_bytes(tmp_path / "first") == all_bytes(tmp_path / "second")


def test_another_seed_makes_other_patients(tmp_path: Path) -> None:
    for seed in (1, 2):
        simulate(Options(3, seed, tmp_path / str(seed)))

    first, second = (all_bytes(tmp_path / str(seed)) for seed in (1, 2))
    assert first["patients/000000.json"] != second["patients/000000.json"]


def test_a_patient_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    for patients in (4, 9):
        simulate(Options(patients, 5, tmp_path / str(patients)))

    few, many = (all_bytes(tmp_path / str(patients) / "patients") for patients in (4, 9))
    assert few.items() <= many.items()


def test_a_second_run_leaves_nothing_of_a_larger_first_one(tmp_path: Path) -> None:
    simulate(Options(9, 5, tmp_path / "hospital"))
    simulate(Options(4, 6, tmp_path / "hospital"))
    simulate(Options(4, 6, tmp_path / "fresh"))

    assert all_bytes(tmp_path / "hospital") == all_bytes(tmp_path / "fresh")


def test_a_half_written_folder_is_written_anew(tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(Options(5, 1, tmp_path / "hospital"), stop)
    assert not (tmp_path / "hospital" / "manifest.json").exists()
    for name in ("hospital", "fresh"):
        simulate(Options(5, 1, tmp_path / name))

    assert all_bytes(tmp_path / "hospital") == all_bytes(tmp_path / "fresh")


def test_a_folder_that_holds_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(FolderInUse, match="no simulation writes"):
        simulate(Options(1, 1, tmp_path))

    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("wrong", [{"patients": 0}, {"history_days": 10}, {"later_days": -1}])
def test_options_outside_what_can_be_simulated_are_refused(
    wrong: dict[str, int], tmp_path: Path
) -> None:
    with pytest.raises(BadOptions, match="Nothing was written"):
        Options(**{"patients": 1, "seed": 1, "out": tmp_path, **wrong})  # type: ignore[arg-type]


def test_progress_is_told_after_each_patient(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    simulate(Options(3, 1, tmp_path), lambda done, total: told.append((done, total)))

    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_last_day_moves_every_date(tmp_path: Path) -> None:
    manifest = simulate(Options(2, 1, tmp_path, until=date(2024, 2, 29)))

    assert manifest.observed_until == "2024-02-29T23:59:59-05:00"
    assert manifest.later_until == "2024-04-29T23:59:59-04:00"
