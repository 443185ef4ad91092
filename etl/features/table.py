"""Feature rows as an Arrow table and back, bit for bit (NaN included)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from etl.events.table import moments
from etl.features.row import FeatureRow, Step

STEP = pa.struct(
    [
        pa.field("hours_before", pa.float64(), nullable=False),
        pa.field("codes", pa.list_(pa.string()), nullable=False),
        pa.field("values", pa.list_(pa.float64()), nullable=False),
    ]
)
FEATURE_SCHEMA = pa.schema(
    [
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("encounter_id", pa.string()),
        pa.field("as_of", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("values", pa.list_(pa.float64()), nullable=False),
        pa.field("stay_codes", pa.list_(pa.string()), nullable=False),
        pa.field("steps", pa.list_(STEP), nullable=False),
        pa.field("note_keys", pa.list_(pa.string()), nullable=False),
    ]
)


def rows_to_table(rows: Sequence[FeatureRow]) -> pa.Table:
    """Rows in the order given, as a table of `FEATURE_SCHEMA`."""
    columns = {
        "patient_id": [row.patient_id for row in rows],
        "encounter_id": [row.encounter_id for row in rows],
        "as_of": [row.as_of for row in rows],
        "values": [row.values for row in rows],
        "stay_codes": [row.stay_codes for row in rows],
        "steps": [[as_struct(step) for step in row.steps] for row in rows],
        "note_keys": [row.note_keys for row in rows],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in FEATURE_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=FEATURE_SCHEMA)


def as_struct(step: Step) -> dict[str, object]:
    """One step as Arrow takes it."""
    return {"hours_before": step.hours_before, "codes": step.codes, "values": step.values}


def table_to_rows(table: pa.Table) -> list[FeatureRow]:
    """The rows that `rows_to_table` wrote, from a table with at least its columns."""
    columns = [
        moments(table.column(name)) if name == "as_of" else table.column(name).to_pylist()
        for name in FEATURE_SCHEMA.names
    ]
    return [as_row(*cells) for cells in zip(*columns, strict=True)]


def as_row(
    patient_id: str, encounter_id: str | None, as_of: datetime, *lists: list[Any]
) -> FeatureRow:
    """One row out of plain cells in the order of `FEATURE_SCHEMA`."""
    values, codes, structs, keys = lists
    steps = (
        Step(struct["hours_before"], tuple(struct["codes"]), tuple(struct["values"]))
        for struct in structs
    )
    return FeatureRow(
        patient_id, encounter_id, as_of, tuple(values), tuple(codes), tuple(steps), tuple(keys)
    )
