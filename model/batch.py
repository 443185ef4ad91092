"""Scores of every index discharge of a snapshot, as one table."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from model.evaluate import probabilities
from model.runtime.artefact import read_artefact
from model.snapshot import read_examples


def scores(artefact: Path, snapshot: Path) -> pa.Table:
    """patient_id, encounter_id, as_of, probability, model_version; one row a discharge,
    mature or not.

    Raises:
        CorruptArtefact: The model's files are not as they were written.
        BadSnapshot: A table of the snapshot is missing.
    """
    model, examples = read_artefact(artefact), read_examples(snapshot, labelled=False)
    found = pa.table(
        {
            "patient_id": pa.array(list(examples.patients), pa.string()),
            "encounter_id": pa.array(list(examples.encounters), pa.string()),
            "probability": np.asarray(probabilities(model, examples), np.float64),
        }
    )
    moments = ds.dataset(snapshot / "features").to_table(["patient_id", "encounter_id", "as_of"])
    joined = found.join(moments, ["patient_id", "encounter_id"]).sort_by("encounter_id")
    version = pa.array([model.version] * joined.num_rows, pa.string())
    columns = ["patient_id", "encounter_id", "as_of", "probability"]
    return joined.select(columns).append_column("model_version", version)
