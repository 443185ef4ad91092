"""Judge a trained model on any snapshot: what `homeward evaluate` runs.

Only NumPy is needed: the model is judged by the code that serves it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.dataset import batches_in_order
from model.errors import SchemaMismatch, TooFewRows
from model.intervals import Estimate, judge
from model.metrics import Floats
from model.runtime.artefact import Artefact, read_artefact
from model.runtime.inputs import encode
from model.snapshot import Examples, read_examples
from model.split import Part, parts_of

BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """How a model did on labelled discharges.

    Attributes:
        version: The model.
        encounters: (n,) pseudonyms of the index stays.
        patients: (n,) pseudonyms.
        labels: (n,) 0 or 1.
        probabilities: (n,) the model's answers.
        metrics: Every metric with its interval.
    """

    version: str
    encounters: NDArray[np.object_]
    patients: NDArray[np.object_]
    labels: Floats
    probabilities: Floats
    metrics: dict[str, Estimate]


def evaluate(
    artefact: Path,
    snapshot: Path,
    part: Part | Literal["all"] = "test",
    split: Path | None = None,
    draws: int = 500,
) -> Evaluation:
    """Score every labelled discharge of a part and measure.

    Args:
        artefact: Directory of a trained model.
        snapshot: Directory of a snapshot.
        part: Which patients; `all` includes those it may have learned from.
        split: The split file training was given; None splits by digest.
        draws: Bootstrap draws of the intervals.

    Raises:
        CorruptArtefact: The model's files are not as they were written.
        SchemaMismatch: Snapshot and model were made by different catalogues or encoders.
        TooFewRows: The part has no readmission, or nothing but readmissions.
    """
    model, examples = read_artefact(artefact), read_examples(snapshot)
    _check(model, examples)
    of = parts_of(examples.patients, split)
    rows = np.flatnonzero((of == part) | (part == "all"))
    labels = examples.labels[rows]
    if not 0 < labels.sum() < len(labels):
        raise TooFewRows(part, len(labels), int(labels.sum()))
    given = probabilities(model, examples)[rows]
    judged = judge(labels, {"network": given}, examples.patients[rows], draws)
    return Evaluation(
        version=model.version,
        encounters=examples.encounters[rows],
        patients=examples.patients[rows],
        labels=labels,
        probabilities=given,
        metrics=judged.metrics["network"],
    )


def probabilities(model: Artefact, examples: Examples) -> Floats:
    """The model's answer for every row, in order; also what `homeward score` writes."""
    encoded = encode(examples.rows, examples.notes, model.vocabulary, model.normalisation)
    found = np.empty(len(examples))
    for places, inputs in batches_in_order(encoded, np.arange(len(examples)), BATCH):
        raw = np.mean([member(inputs) for member in model.members], axis=0)
        found[places] = model.calibration.probabilities(raw)
    return found


def _check(model: Artefact, examples: Examples) -> None:
    of_snapshot = str(examples.manifest.get("schema_hash", ""))
    if of_snapshot != model.schema_hash:
        raise SchemaMismatch(model.schema_hash, of_snapshot)
    encoder = examples.manifest.get("encoder")
    if (encoder or None) != (model.manifest.get("encoder") or None):
        raise SchemaMismatch(f"encoder {model.manifest.get('encoder')}", f"encoder {encoder}")
