"""Events of every stored resource.

In      feed      patient_id, resource_type, body (JSON text)
Out     events    `etl.events.event.EVENT_SCHEMA`
Grain   one row for each event
Sees    one resource at a time
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from etl.events.event import EVENT_SCHEMA, Event
from etl.events.extract import events_of
from etl.events.table import to_table
from etl.jobs.failures import naming

COLUMNS = ("patient_id", "resource_type", "body")


def events(feed: DataFrame) -> DataFrame:
    """What each resource says happened, in no order."""
    return feed.select(*COLUMNS).mapInArrow(_events_of_batches, from_arrow_schema(EVENT_SCHEMA))


def _events_of_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = (batch[name].to_pylist() for name in COLUMNS)
        found = [
            event for resource in zip(*columns, strict=True) for event in _events_of(*resource)
        ]
        yield from to_table(found).to_batches()


def _events_of(patient_id: str, resource_type: str, body: str) -> list[Event]:
    with naming(f"{resource_type} to events", f"patient {patient_id}"):
        return events_of(json.loads(body, parse_float=Decimal))
