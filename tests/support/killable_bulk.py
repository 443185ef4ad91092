"""A worker of bulk jobs in a process of its own, so that a test can kill it half-way.

    python -m tests.support.killable_bulk URL FOLDER LINES

Prints a line whenever a file is begun, when it has been half written.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine

from fhir_api.bulk.files import BulkFiles, Draft
from fhir_api.bulk.worker import run_pending
from tests.support.bulk import BulkServer


class TellingDraft(Draft):
    """Tells of itself in the middle of its work."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write, and tell at the tenth line, when some of it lies on the disk."""
        super().write(data)
        if self.lines == 10:
            self.file.flush()
            print(self.path.name, flush=True)  # noqa: T201 - the test reads it


class TellingFiles(BulkFiles):
    """Files that tell when they are being written."""

    @contextmanager
    def writing(self, job: str, stem: str) -> Iterator[Draft]:
        """As always, but telling."""
        with super().writing(job, stem) as draft:
            yield TellingDraft(draft.file, draft.half, draft.path)


if __name__ == "__main__":
    url, folder, lines = sys.argv[1:]
    server = BulkServer(create_engine(url), Path(folder), lines_of_a_file=int(lines))
    object.__setattr__(server.parts, "files", TellingFiles(Path(folder)))
    run_pending(server.parts)
