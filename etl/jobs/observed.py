"""Which patients a run computes, and how far each of them was observed.

In      ids         patient_id
Out     observed    patient_id, observed_until (UTC or null), as Parquet
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

OBSERVED_SCHEMA = pa.schema([("patient_id", pa.string()), ("observed_until", MOMENT)])
BATCH = 10_000


def write_observed(
    ids: Iterable[str], observed_until: Callable[[str], datetime | None], folder: Path
) -> int:
    """Write the rows of all ids as one Parquet file; gives how many they are."""
    folder.mkdir()
    written = 0
    with pq.ParquetWriter(folder / "part-0.parquet", OBSERVED_SCHEMA) as writer:
        for batch in batches(ids):
            ends = [observed_until(patient_id) for patient_id in batch]
            writer.write_table(pa.table([batch, ends], schema=OBSERVED_SCHEMA))
            written += len(batch)
    return written


def batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in lists of at most `BATCH`."""
    source = iter(ids)
    while batch := list(islice(source, BATCH)):
        yield batch
