"""All that one patient's events give: labels, the features at each index discharge, the online row.

In      events      `EVENT_SCHEMA`
        observed    patient_id, observed_until (UTC or null)
Out     patients    `PATIENT_SCHEMA`: the tables of one patient nested in one row
Grain   one row for each patient that has events
Sees    the whole of one patient; features see only what was available at their discharge

One pass: the events are shuffled once, and the plain functions that serving calls are called here.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from etl.events.event import EVENT_SCHEMA, Event
from etl.events.table import from_table, merge, to_bytes
from etl.features.compute import feature_row
from etl.features.table import FEATURE_SCHEMA, rows_to_table
from etl.jobs.failures import naming
from etl.labels.index import PatientLabels, label_patient
from etl.rules import SiteRules
from etl.snapshots import LABEL_SCHEMA, LEDGER_SCHEMA, MOMENT


def rows_of(schema: pa.Schema) -> pa.DataType:
    """A list of rows of a table, as one value."""
    return pa.list_(pa.struct(list(schema)))


PATIENT_SCHEMA = pa.schema(
    [
        pa.field("patient_id", pa.string()),
        pa.field("as_of", MOMENT),
        pa.field("events", pa.binary()),
        pa.field("features", rows_of(FEATURE_SCHEMA)),
        pa.field("labels", rows_of(LABEL_SCHEMA)),
        pa.field("ledger", rows_of(LEDGER_SCHEMA)),
    ]
)


def patients(events: DataFrame, observed: DataFrame, rules: SiteRules) -> DataFrame:
    """Label every patient and compute the features of every index discharge."""
    timed = events.join(observed.select("patient_id", "observed_until"), "patient_id")
    return timed.groupBy("patient_id").applyInArrow(
        patient_of(rules), from_arrow_schema(PATIENT_SCHEMA)
    )


def patient_of(rules: SiteRules) -> Callable[[pa.Table], pa.Table]:
    """The function that Spark calls with the events of one patient."""

    def one_patient(table: pa.Table) -> pa.Table:
        patient_id: str = table["patient_id"][0].as_py()
        with naming("Labels and features", f"patient {patient_id}"):
            until = table["observed_until"][0].as_py()
            events = merge([], from_table(table.select(EVENT_SCHEMA.names)))
            return nested(events, replace(rules, observed_until=until))

    return one_patient


def nested(events: Sequence[Event], rules: SiteRules) -> pa.Table:
    """One row of `PATIENT_SCHEMA` from the events of one patient, at least one."""
    patient_id = events[0].patient_id
    labels = label_patient(events, rules)
    features = [
        feature_row(events, index.discharged_at, index.encounter_id, rules)
        for index in labels.index
    ]
    columns: list[Any] = [
        pa.array([patient_id]),
        pa.array([newest(events)], MOMENT),
        pa.array([to_bytes(events)], pa.binary()),
        one_value(rows_to_table(features), FEATURE_SCHEMA),
        one_value(label_table(labels), LABEL_SCHEMA),
        one_value(ledger_table(patient_id, labels), LEDGER_SCHEMA),
    ]
    return pa.Table.from_arrays(columns, schema=PATIENT_SCHEMA)


def newest(events: Sequence[Event]) -> datetime | None:
    """When the last of the events became available; None when all were always known."""
    return max((each.available for each in events if each.available), default=None)


def label_table(labels: PatientLabels) -> pa.Table:
    """The index discharges as rows of `LABEL_SCHEMA`."""
    return _table([astuple(index) for index in labels.index], LABEL_SCHEMA)


def ledger_table(patient_id: str, labels: PatientLabels) -> pa.Table:
    """The excluded discharges as rows of `LEDGER_SCHEMA`."""
    rows = [(patient_id, each.encounter_id, each.reason) for each in labels.excluded]
    return _table(rows, LEDGER_SCHEMA)


def one_value(table: pa.Table, schema: pa.Schema) -> pa.Array:
    """A whole table as the only element of a list array."""
    columns = [column.combine_chunks() for column in table.select(schema.names).cast(schema)]
    rows = pa.StructArray.from_arrays(columns, fields=list(schema))
    return pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
