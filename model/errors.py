"""Everything the model floor refuses.

    ModelError
    ├── BadCheckpoint     a note encoder directory cannot be read
    ├── BadSnapshot       a feature snapshot lacks what training needs
    ├── TooFewRows        a split has no patients, or no readmissions, to learn or judge by
    ├── CorruptArtefact   a trained model's files are missing or changed
    ├── SchemaMismatch    features and model were made by different catalogues
    └── UnknownModel      the registry knows no such version or alias

A message names the file or place that is wrong and what to do, never a patient's value.
"""

from pathlib import Path


class ModelError(Exception):
    """Root of the family."""


class BadCheckpoint(ModelError):
    """A directory is no BERT checkpoint that we can read."""

    def __init__(self, folder: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{folder} is no usable note encoder: {reason}. {remedy}")


class BadSnapshot(ModelError):
    """A snapshot directory lacks a table or a column."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: {reason}. Make it again with `homeward features`.")


class TooFewRows(ModelError):
    """Training or judging is impossible with so little data."""

    def __init__(self, part: str, rows: int, events: int) -> None:
        super().__init__(
            f"The {part} part has {rows} mature discharges and {events} readmissions; each part"
            " needs both kinds. Ingest more patients, or wait until their 30 days have passed."
        )


class CorruptArtefact(ModelError):
    """A trained model's directory is not as it was written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The model in {folder} was not loaded: {reason}. Restore the directory from a copy,"
            " or roll back to another version with `homeward models promote`."
        )


class SchemaMismatch(ModelError):
    """The features offered are not those the model was trained on."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"The model was trained on feature schema {expected[:12]} and was offered"
            f" {found[:12]}. Train again on a snapshot of this version's features."
        )


class UnknownModel(ModelError):
    """No such version or alias at this site."""

    def __init__(self, kind: str, name: str, site: str) -> None:
        super().__init__(
            f"Site {site} has no model {kind} `{name}`. `homeward models list` shows what there is."
        )
