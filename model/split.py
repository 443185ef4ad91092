"""Which patients train, which choose, which judge: by patient, never by row.

The same patient always falls into the same part, in every snapshot and on every machine,
because the part is read off a digest of the pseudonym.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from model.errors import TooFewRows
from model.runtime.ragged import Integers, Strings

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "test")
TEST_BELOW, VALID_BELOW = 20, 30  # percent: 20 judge, 10 choose, 70 train
VALID_OF_TRAIN = 10  # where a given split has no valid part, one patient in ten of its train part


def part_of(patient_id: str) -> Part:
    """The part of one patient: sha256 of the id modulo 100, test below 20, valid below 30."""
    percent = int(hashlib.sha256(patient_id.encode()).hexdigest(), 16) % 100
    if percent < TEST_BELOW:
        return "test"
    return "valid" if percent < VALID_BELOW else "train"


def split(
    patients: Strings, labels: NDArray[np.float64], given: Path | None
) -> dict[Part, Integers]:
    """Row numbers of each part.

    Args:
        patients: (n,) pseudonyms.
        labels: (n,) 0 or 1; used only to see that each part can be learned from.
        given: CSV or Parquet with `patient_id` and `split` (train, valid, test); patients that
            are not in it take no part. None: by digest.

    Raises:
        TooFewRows: A part has no readmission, or nothing but readmissions.
    """
    parts = (
        {patient: part_of(patient) for patient in set(patients)} if given is None else _read(given)
    )
    of = np.array([parts.get(patient, "") for patient in patients])
    rows = {part: np.flatnonzero(of == part) for part in PARTS}
    for part, chosen in rows.items():
        events = int(labels[chosen].sum())
        if not 0 < events < len(chosen):
            raise TooFewRows(part, len(chosen), events)
    return rows


def parts_of(patients: Strings, given: Path | None) -> NDArray[np.str_]:
    """The part of each row; empty for a patient the given split does not name."""
    if given is None:
        parts: Mapping[str, Part] = {patient: part_of(patient) for patient in set(patients)}
    else:
        parts = _read(given)
    return np.array([parts.get(patient, "") for patient in patients], dtype=np.str_)


def _read(given: Path) -> Mapping[str, Part]:
    table = pq.read_table(given) if given.suffix == ".parquet" else pa.csv.read_csv(given)
    patients = [str(patient) for patient in table["patient_id"].to_pylist()]
    parts = dict(zip(patients, table["split"].to_pylist(), strict=True))
    if "valid" in parts.values():
        return parts
    return {patient: _with_valid(patient, part) for patient, part in parts.items()}


def _with_valid(patient: str, part: Part) -> Part:
    digest = int(hashlib.sha256(f"valid/{patient}".encode()).hexdigest(), 16)
    return "valid" if part == "train" and digest % VALID_OF_TRAIN == 0 else part
