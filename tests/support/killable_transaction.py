"""A transaction in a process of its own that stops before its commit, so that a test can kill it.

    python -m tests.support.killable_transaction URL FILE

Prints a line when everything has been written and nothing committed.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from fhir_api.ingest.attempt import Attempt
from fhir_api.ingest.results import Result
from tests.support.fhir import serving


class Stopping(Attempt):
    """An attempt that never comes to its end."""

    def run(self, **given: Any) -> list[Result]:
        """Write everything, tell, and wait for the kill."""
        super().run(**given)
        print("written", flush=True)  # noqa: T201 - the test reads it
        time.sleep(600)
        raise AssertionError


if __name__ == "__main__":
    url, file = sys.argv[1:]
    import fhir_api.ingest.ingestor as module

    module.Attempt = Stopping  # type: ignore[misc]
    serving(create_engine(url)).transaction(json.loads(Path(file).read_text()))
