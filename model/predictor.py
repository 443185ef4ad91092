"""The champion, loaded and ready: probability and reasons for one patient, or many.

Needs NumPy alone; loading Keras or TensorFlow in a serving process would cost seconds and
hundreds of megabytes (docs/decisions/0011).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from etl.features.catalogue import SCHEMA_HASH
from etl.features.row import FeatureRow
from model.errors import SchemaMismatch
from model.explain import Explainer
from model.runtime.arithmetic import sigmoid
from model.runtime.artefact import ENCODER, Artefact, read_artefact
from model.runtime.encoder import NoteEncoder
from model.runtime.inputs import Encoded, Inputs, Notes, encode, pack
from model.runtime.ragged import offsets, ragged_of
from model.score import Score

NoteVectors = Sequence[NDArray[np.float32]]  # of one patient: a (chunk, width) array a note
BATCH = 256


@dataclass(frozen=True)
class Predictor:
    """Answers for the model in one artefact directory.

    Attributes:
        artefact: The verified model.
    """

    artefact: Artefact

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """The model in `folder`, after its files were verified.

        Raises:
            CorruptArtefact: A file is missing or changed.
            SchemaMismatch: It was trained on another catalogue of features than this version's.
        """
        artefact = read_artefact(Path(folder))
        if artefact.schema_hash != SCHEMA_HASH:
            raise SchemaMismatch(artefact.schema_hash, SCHEMA_HASH)
        return cls(artefact)

    @property
    def version(self) -> str:
        """Name of the model, made from the digest of its files."""
        return self.artefact.version

    @cached_property
    def note_encoder(self) -> NoteEncoder | None:
        """The encoder whose vectors the model reads; None when it was trained without notes."""
        folder = self.artefact.folder / ENCODER
        return NoteEncoder.load(folder) if folder.is_dir() else None

    def score(self, row: FeatureRow, notes: NoteVectors = ()) -> Score:
        """Probability and reasons for one patient.

        Args:
            row: What is known of the patient.
            notes: Vectors of the patient's notes, oldest first; notes without vectors left out.

        Raises:
            SchemaMismatch: The row is not as wide as the model's features.
        """
        encoded = self._encode([row], [notes])
        logit, reasons = self._explainer.explain(encoded, self._logits)
        return Score(
            probability=float(sigmoid(logit)),
            base_rate=self.artefact.calibration.base_rate,
            reasons=reasons,
            inputs_known=sum(value == value for value in row.values),  # noqa: PLR0124 - not NaN
            inputs_total=len(row.values),
            model_version=self.version,
        )

    def score_many(
        self, rows: Sequence[FeatureRow], notes: Sequence[NoteVectors] | None = None
    ) -> NDArray[np.float64]:
        """Probabilities of many patients, without reasons.

        Args:
            rows: What is known of each.
            notes: Each one's note vectors; None when nobody has any.

        Raises:
            SchemaMismatch: A row is not as wide as the model's features.
        """
        found = np.empty(len(rows))
        for start in range(0, len(rows), BATCH):
            part = slice(start, start + BATCH)
            encoded = self._encode(rows[part], notes[part] if notes is not None else None)
            found[part] = sigmoid(self._logits(pack(encoded, np.arange(len(encoded)))))
        return found

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer.of(self.artefact)

    def _logits(self, inputs: Inputs) -> NDArray[np.float64]:
        raw = np.mean([member(inputs) for member in self.artefact.members], axis=0)
        return self.artefact.calibration.logits(raw)

    def _encode(self, rows: Sequence[FeatureRow], notes: Sequence[NoteVectors] | None) -> Encoded:
        width = len(self.artefact.normalisation.features)
        for row in rows:
            if len(row.values) != width:
                raise SchemaMismatch(f"{width} features", f"{len(row.values)} features")
        table = self._note_table(notes or [()] * len(rows))
        return encode(ragged_of(rows), table, self.artefact.vocabulary, self.artefact.normalisation)

    def _note_table(self, notes: Sequence[NoteVectors]) -> Notes:
        """Chunks of every patient, newest note first, as training had them."""
        width = len(self.artefact.normalisation.note_mean)
        newest_first = [chunks for of_patient in notes for chunks in reversed(of_patient)]
        table = np.concatenate([np.zeros((0, width), np.float32), *newest_first])
        lengths = [sum(map(len, of_patient)) for of_patient in notes]
        return Notes(table, np.arange(len(table)), offsets(lengths))
