"""Files, folders and archives as a list of inputs, and each input as bytes.

An input's name may be a patient's (Synthea's files are called so); outside the operator's
terminal it is known by its number and the sha256 of its name.
"""

import bz2
import gzip
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

Form = Literal["json", "ndjson"]
FORMS: dict[str, Form] = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
PACKED = {".gz": gzip.open, ".bz2": bz2.open}
COME_FIRST = ("hospital", "organization", "location", "practitioner")  # others refer to these


class UnknownInput(Exception):
    """A path on the command line is not there, or is no FHIR file by its name."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is not there or is no FHIR file: "
            "give .json or .ndjson (also .gz or .bz2), a .zip, or a folder of these."
        )


@dataclass(frozen=True, slots=True)
class Input:
    """One file, or one member of an archive.

    Attributes:
        number: Its place in what was given, from 1.
        path: The file.
        member: Name inside a zip archive, or None.
        form: One JSON text, or one to a line.
    """

    number: int
    path: Path
    member: str | None
    form: Form

    @property
    def name(self) -> str:
        """For the operator's eyes only: it may hold a patient's name."""
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    @property
    def digest(self) -> str:
        """sha256 of the name, for logs and reject files."""
        return hashlib.sha256(self.name.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def rank(self) -> int:
        """0 for what others refer to by identifier, so that it is stored first; 4 for the rest."""
        name = (self.member or self.path.name).lower()
        ranks = (rank for rank, word in enumerate(COME_FIRST) if word in name)
        return next(ranks, len(COME_FIRST))

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes of the input, unpacked as they are read."""
        with self.path.open("rb") as file, unzipped(file, self.member) as plain:
            unpack = PACKED.get(PurePosixPath(self.member or self.path.name).suffix.lower())
            yield unpack(plain, "rb") if unpack else plain  # type: ignore[operator]


@contextmanager
def unzipped(file: IO[bytes], member: str | None) -> Iterator[IO[bytes]]:
    """A member of an archive, or the file itself."""
    if member is None:
        yield file
        return
    with zipfile.ZipFile(file) as archive, archive.open(member) as opened:
        yield opened


def find_inputs(paths: Sequence[Path]) -> list[Input]:
    """Every input below the paths, in the order given; folders are searched, others skipped.

    Raises UnknownInput for a path that is not there, or a file that is no FHIR file by its name.
    """
    found = [each for path in paths for each in inputs_of(path)]
    return [Input(number, *each) for number, each in enumerate(found, start=1)]


def inputs_of(path: Path) -> list[tuple[Path, str | None, Form]]:
    """Path, member and form of each input at or below a path."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        return [found for file in files for found in inputs_in(file)]
    found = inputs_in(path) if path.is_file() else []
    if not found:
        raise UnknownInput(path)
    return found


def inputs_in(file: Path) -> list[tuple[Path, str | None, Form]]:
    """The inputs of one file; none when its name says that it is no FHIR file."""
    if file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file) as archive:
            names = [(name, form_of(name)) for name in sorted(archive.namelist())]
        return [(file, name, form) for name, form in names if form]
    form = form_of(file.name)
    return [(file, None, form)] if form else []


def form_of(name: str) -> Form | None:
    """The form that a file name promises, packed or not."""
    path = PurePosixPath(name.lower())
    stem = path.with_suffix("") if path.suffix in PACKED else path
    return FORMS.get(stem.suffix)
