"""Files of bulk jobs: a folder a job that only we may read, each file there whole or not at all."""

import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

JOB = re.compile(r"[0-9a-f]{48}")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
HALF = ".half"  # the name's ending until the file is whole
BUFFER = 1 << 20


class BulkFiles:
    """Files of the jobs of one site.

    Args:
        folder: Where they lie; made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def writing(self, job: str, stem: str) -> Iterator["Draft"]:
        """A file to write; `finish` gives it its name, and without that it is gone at the end."""
        home = self.home(job)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = home / f"{stem}-{secrets.token_hex(4)}.ndjson"
        half = path.with_name(path.name + HALF)
        with os.fdopen(
            os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", BUFFER
        ) as file:
            try:
                yield Draft(file, half, path)
            finally:
                half.unlink(missing_ok=True)

    def path(self, job: str, name: str) -> Path | None:
        """A file that is there and whole; None for anything else."""
        if not FILE.fullmatch(name) or name.endswith(HALF):
            return None
        path = self.home(job) / name
        return path if path.is_file() and not path.is_symlink() else None

    def remove(self, job: str) -> None:
        """Remove everything of a job."""
        shutil.rmtree(self.home(job), ignore_errors=True)

    def keep_only(self, job: str, names: Collection[str]) -> None:
        """Remove the files that no finished part names: a worker died over them."""
        home = self.home(job)
        for path in sorted(home.iterdir()) if home.is_dir() else []:
            if path.name not in names:
                path.unlink(missing_ok=True)

    def jobs(self) -> list[str]:
        """Jobs that have a folder."""
        found = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return [each.name for each in found if JOB.fullmatch(each.name)]

    def home(self, job: str) -> Path:
        """Folder of a job; raises ValueError for a name that no job has."""
        if not JOB.fullmatch(job):
            raise ValueError("not the name of a job")
        return self.folder / job


class Draft:
    """A file being written."""

    def __init__(self, file: IO[bytes], half: Path, path: Path) -> None:
        self.file = file
        self.half = half
        self.path = path
        self.lines = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add whole lines."""
        self.file.write(data)
        self.lines += bytes(data).count(b"\n")

    def finish(self) -> str:
        """Bring the file to the disk under its name; the name."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.half.rename(self.path)
        return self.path.name
