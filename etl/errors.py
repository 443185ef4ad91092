"""The root of everything the etl floor refuses; the front door ends a command with it.

    EtlError
    ├── SnapshotMissing    etl/snapshots.py       there is nothing to read
    └── FeaturesError      etl/jobs/failures.py   a run stopped

A message says what is wrong, where and what to do, and never the value found there.
"""


class EtlError(Exception):
    """Root of the families of this floor."""
