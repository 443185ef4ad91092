"""Which patients a run computes, why, and how far each of them was observed.

In      touched     ids of patients the store has something new of, streamed
        unripe      ids of patients with a discharge that was not mature
Out     observed    `OBSERVED_SCHEMA`, as Parquet
Grain   one row for each patient the run computes

Dates are shifted patient by patient, so the end of observation is too. The shift needs a key,
and keys stay on the driver: it streams the ids through, a batch at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl.snapshots import MOMENT

OBSERVED_SCHEMA = pa.schema(
    [("patient_id", pa.string()), ("touched", pa.bool_()), ("observed_until", MOMENT)]
)
BATCH = 10_000


def write_observed(
    ids: Iterable[tuple[str, bool]],
    observed_until: Callable[[str], datetime | None],
    folder: Path,
) -> int:
    """Write the rows of all ids as one Parquet file; gives how many they are."""
    folder.mkdir()
    written = 0
    with pq.ParquetWriter(folder / "part-0.parquet", OBSERVED_SCHEMA) as writer:
        for batch in batches(ids):
            rows = [(patient, touched, observed_until(patient)) for patient, touched in batch]
            writer.write_table(pa.table(list(zip(*rows, strict=True)), schema=OBSERVED_SCHEMA))
            written += len(batch)
    return written


def redone(touched: Iterable[str], unripe: set[str]) -> Iterator[tuple[str, bool]]:
    """Each patient once, with whether the store has something new of it.

    >>> list(redone(["ann", "bob"], {"bob", "cat"}))
    [('ann', True), ('bob', True), ('cat', False)]
    """
    waiting = set(unripe)
    for patient_id in touched:
        waiting.discard(patient_id)
        yield patient_id, True
    yield from ((patient_id, False) for patient_id in sorted(waiting))


def batches(ids: Iterable[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    """The ids in lists of at most `BATCH`."""
    source = iter(ids)
    while batch := list(islice(source, BATCH)):
        yield batch
