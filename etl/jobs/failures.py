"""What stops a features run, said without a value of any patient.

    FeaturesError
    ├── WorkFailed        a worker could not do its work for one patient or note
    ├── RunFailed         the run ended because of the above; what the driver raises
    └── AlreadyRunning    another features run holds the snapshots

A worker's exception travels through Spark with the text of every exception it was raised from,
and those may quote what they choked on. So a worker raises `WorkFailed` alone, which names the
step, the pseudonym, the kind of error and the line of code, and nothing else.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import EtlError


class FeaturesError(EtlError):
    """Root of the family."""


class WorkFailed(FeaturesError):
    """Data of one patient or note could not be worked on; it is named by pseudonym or key."""


class RunFailed(FeaturesError):
    """The run ended early. The snapshot before it is still the current one."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"{cause} No snapshot was made; the one before is still current.")


class AlreadyRunning(FeaturesError):
    """Two runs in one home would write the same snapshot."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"Another features run is at work in {home}. Wait until it ends.")


@contextmanager
def naming(step: str, whose: str) -> Iterator[None]:
    """Turn whatever the block raises into `WorkFailed`, without the words of the original.

    >>> with naming("Observation to events", "patient p1abc"):
    ...     float("a value nobody may see")
    Traceback (most recent call last):
    etl.jobs.failures.WorkFailed: Observation to events failed for patient p1abc: ValueError at ...
    """
    try:
        yield
    except Exception as error:
        message = f"{step} failed for {whose}: {type(error).__name__} at {_place(error)}."
        raise WorkFailed(message) from None


def work_failure(spark_message: str) -> str | None:
    """The sentence of `WorkFailed` inside what Spark says; None when it is not there."""
    found = re.search(rf"{WorkFailed.__name__}: (.+ failed for .+)", spark_message)
    return found[1].strip() if found else None


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
