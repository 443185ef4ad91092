"""Feature rows and snapshots drawn by a seed, with a known risk, for tests of the model."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.features.catalogue import NAMES, SCHEMA_HASH
from etl.features.row import FeatureRow, Step
from etl.features.table import rows_to_table

AS_OF = datetime(2150, 3, 1, 12, tzinfo=UTC)
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CODES = tuple(f"DIAGNOSIS//{ICD}//{code}" for code in ("E11.9", "I50.9", "J44.1"))
LABS = ("LAB//http://loinc.org//718-7", "LAB//http://loinc.org//2951-2")
TELLING = "prior_stays_365d"  # the value that carries most of the drawn risk
NOTE_WIDTH = 4


def empty_row() -> FeatureRow:
    """A patient of whom nothing is known: no value, no code, no history, no note."""
    return FeatureRow("p", "e", AS_OF, (float("nan"),) * len(NAMES), (), (), ())


def drawn_row(draw: np.random.Generator, number: int) -> FeatureRow:
    """One patient with up to four steps of history; some have nothing."""
    values = np.where(draw.random(len(NAMES)) < 0.2, np.nan, draw.poisson(2.0, len(NAMES)))
    stay = sorted(code for code in CODES if draw.random() < 0.4)
    steps = tuple(_step(draw, 100.0 * (4 - place)) for place in range(draw.integers(0, 5)))
    return FeatureRow(
        patient_id=f"p{number // 2}",
        encounter_id=f"e{number}",
        as_of=AS_OF + timedelta(days=number),
        values=tuple(map(float, values)),
        stay_codes=tuple(stay),
        steps=steps,
        note_keys=tuple(f"n{number}-{place}" for place in range(draw.integers(0, 3))),
    )


def drawn_rows(count: int, seed: int = 0) -> list[FeatureRow]:
    """`count` rows, two to a patient."""
    draw = np.random.default_rng(seed)
    return [drawn_row(draw, number) for number in range(count)]


def drawn_snapshot(
    folder: Path, count: int = 600, seed: int = 0, encoder: str | None = None
) -> Path:
    """A snapshot of drawn rows whose readmissions follow `TELLING` and heart failure."""
    draw = np.random.default_rng(seed)
    rows = drawn_rows(count, seed)
    labels = [bool(draw.random() < _risk(row)) for row in rows]
    write_table(folder / "features", rows_to_table(rows))
    write_table(folder / "labels", _labels(rows, labels))
    write_table(folder / "notes", _notes(rows, draw))
    manifest = {
        "id": "drawn",
        "schema_hash": SCHEMA_HASH,
        "label_spec": "drawn",
        "encoder": encoder,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def write_table(folder: Path, table: pa.Table) -> None:
    """One Parquet file of a snapshot's table."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-0.parquet")


def _risk(row: FeatureRow) -> float:
    stays = row.values[NAMES.index(TELLING)]
    logit = -2.0 + (0.0 if np.isnan(stays) else 0.6 * (stays - 2.0)) + (CODES[1] in row.stay_codes)
    return float(1 / (1 + np.exp(-logit)))


def _labels(rows: list[FeatureRow], labels: list[bool]) -> pa.Table:
    known = [label if number % 50 else None for number, label in enumerate(labels)]
    return pa.table(
        {
            "patient_id": [row.patient_id for row in rows],
            "encounter_id": [row.encounter_id for row in rows],
            "label": pa.array(known, pa.bool_()),
        }
    )


def _notes(rows: list[FeatureRow], draw: np.random.Generator) -> pa.Table:
    keys = [key for row in rows for key in row.note_keys for _ in range(2)]
    vectors = draw.normal(size=(len(keys), NOTE_WIDTH)).astype("float32").tolist()
    return pa.table(
        {
            "note_key": keys,
            "chunk": pa.array([place % 2 for place in range(len(keys))], pa.int32()),
            "vector": pa.array(vectors, pa.list_(pa.float32())),
        }
    )


def _step(draw: np.random.Generator, hours: float) -> Step:
    codes = sorted(code for code in (*CODES, *LABS) if draw.random() < 0.5) or [CODES[0]]
    values = tuple(float(draw.normal(10, 3)) if code in LABS else float("nan") for code in codes)
    return Step(hours, tuple(codes), values)
