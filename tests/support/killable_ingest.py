"""An ingest in a process of its own, so that a test can kill it half-way.

    python -m tests.support.killable_ingest URL REJECTS PATH

Prints a line after each input.
"""

import sys
from pathlib import Path

from fhir_api.ingest.run import Progress, ingest_files
from tests.support.fhir import settings


def tell(progress: Progress) -> None:
    """One line an input."""
    print(progress.done, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    url, rejects, path = sys.argv[1:]
    ingest_files([Path(path)], settings(url), Path(rejects), tell)
