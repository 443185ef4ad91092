"""Events as Arrow: a table, the bytes of one, and how newer resources replace older ones.

The canonical form of a patient's events has each event once, in one order, whatever order they
came in; all that is computed from events rests on it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from etl.events.event import EVENT_SCHEMA, Event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
NO_NUMBER = float("-inf")
COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
TIMES = (1, 2)  # places of `time` and `available` in an Event

ResourceKey = tuple[str, str]


def canonical(events: Iterable[Event]) -> list[Event]:
    """Each distinct event once, in the order of time, then of everything else."""
    return sorted(set(events), key=order)


def order(event: Event) -> tuple[object, ...]:
    """A total order of distinct events; what is missing comes first."""
    patient, time, available, code, number, text, unit, resource_type, resource_id, encounter = (
        event
    )
    return (
        patient, time or BEFORE_ALL, code, resource_type, resource_id,
        available or BEFORE_ALL, NO_NUMBER if number is None else number,
        text or "", unit or "", encounter or "",
    )  # fmt: skip


def merge(
    stored: Iterable[Event], newer: Sequence[Event], replaced: Iterable[ResourceKey] = ()
) -> list[Event]:
    """Stored events with those of newer versions of resources in the place of the older ones.

    Args:
        stored: Events known so far.
        newer: Events of the newer versions.
        replaced: `(resource_type, resource_id)` of all newer versions that were read. A resource
            that no longer says anything (deleted, entered in error) is only known from here.

    Returns:
        Canonical events.
    """
    gone = set(replaced) | {(event.resource_type, event.resource_id) for event in newer}
    kept = (event for event in stored if (event.resource_type, event.resource_id) not in gone)
    return canonical([*kept, *newer])


def to_table(events: Sequence[Event]) -> pa.Table:
    """Events as a table of `EVENT_SCHEMA`, in the order given."""
    columns = list(zip(*events, strict=True)) if events else [()] * len(EVENT_SCHEMA)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, EVENT_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)


def from_table(table: pa.Table) -> list[Event]:
    """Events of a table whose columns are those of `EVENT_SCHEMA`, in its order."""
    columns = [table.column(name).to_pylist() for name in EVENT_SCHEMA.names]
    for place in TIMES:
        columns[place] = moments(table.column(EVENT_SCHEMA.names[place]))
    return list(map(Event, *columns))


def moments(column: pa.ChunkedArray) -> list[datetime | None]:
    """UTC datetimes of a timestamp column, exact to the microsecond."""
    counts = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist()
    return [None if count is None else EPOCH + count * MICROSECOND for count in counts]


def to_bytes(events: Sequence[Event]) -> bytes:
    """Events as an Arrow IPC stream, LZ4 compressed: the value of the online row."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, EVENT_SCHEMA, options=COMPRESSED) as writer:
        writer.write_table(to_table(events))
    stored: bytes = sink.getvalue().to_pybytes()
    return stored


def from_bytes(stored: bytes) -> list[Event]:
    """The events that `to_bytes` wrote."""
    with pa.ipc.open_stream(stored) as reader:
        return from_table(reader.read_all())
