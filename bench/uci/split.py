"""Split a UCI file by patient: `python -m bench.uci.split IN.csv.gz --out DIR`.

A patient is in the test part when `sha256(patient_nbr) % 100 < 20`, so that anyone who has the
file gets the same parts, and all stays of one patient are on one side.
"""

import argparse
import gzip
import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.uci.rows import UnusableFile, open_text

TEST_PERCENT = 20
VALID_PERCENT = 10


def percentile_of(patient_nbr: int | str) -> int:
    """0 to 99 for one patient, the same for ever."""
    return int(hashlib.sha256(str(patient_nbr).encode()).hexdigest(), 16) % 100


def is_test_patient(patient_nbr: int | str) -> bool:
    """Whether all stays of this patient belong to the test part."""
    return percentile_of(patient_nbr) < TEST_PERCENT


def is_valid_patient(patient_nbr: int | str) -> bool:
    """Whether a training patient is held back for early stopping and calibration: one in ten.

    A hash of its own, so that it does not depend on how the test part was chosen.
    """
    digest = hashlib.sha256(f"uci-valid {patient_nbr}".encode()).digest()
    return int.from_bytes(digest) % 100 < VALID_PERCENT


def split_file(source: Path, folder: Path) -> dict[str, int]:
    """Write `train.csv.gz` and `test.csv.gz` into `folder` with the lines of `source` unchanged.

    Returns:
        Rows in each part.

    Raises:
        UnusableFile: The file has no column `patient_nbr`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"train": 0, "test": 0}
    with ExitStack() as files:
        lines = files.enter_context(open_text(source))
        header = next(lines)
        names = header.rstrip("\r\n").split(",")
        if "patient_nbr" not in names:
            raise UnusableFile(f"{source.name} lacks the column patient_nbr. Give the UCI file.")
        place = names.index("patient_nbr")
        parts = {
            part: files.enter_context(
                gzip.open(folder / f"{part}.csv.gz", "wt", encoding="utf-8", newline="")
            )
            for part in rows
        }
        for file in parts.values():
            file.write(header)
        for line in lines:
            part = "test" if is_test_patient(line.split(",")[place]) else "train"
            parts[part].write(line)
            rows[part] += 1
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, split, and say how many rows went where."""
    parser = argparse.ArgumentParser(prog="python -m bench.uci.split", description=__doc__)
    parser.add_argument("source", type=Path, help="the UCI file, .csv or .csv.gz")
    parser.add_argument("--out", type=Path, required=True, help="folder for both parts")
    options = parser.parse_args(arguments)
    rows = split_file(options.source, options.out)
    print(f"train {rows['train']:,} rows, test {rows['test']:,} rows, in {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
