"""What a training run may be told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Options of `model.train.train`; the defaults suit a hospital of any size.

    Attributes:
        seed: Of initial weights, order of rows, dropout and bootstrap.
        members: Networks of each beginning; each costs two trainings.
        epochs: Most passes over the training part.
        patience: Epochs without a better validation log loss before training stops.
        batch: Rows a step; fewer where there are few rows.
        learning_rate: Highest of the cosine schedule.
        weight_decay: Of AdamW; the wide part is spared.
        ema: Momentum of the moving average of weights that is judged and kept.
        dropout: Share of units silenced.
        modality_dropout: Share of rows whose notes or history are hidden.
        min_count: A code seen less often is counted with its parent.
        split: CSV or Parquet with `patient_id` and `split`; None splits by digest.
        note_encoder: Directory of the encoder that made the snapshot's vectors; copied into the
            artefact so that new notes can be read.
        features: Names of the values; None takes the catalogue's.
        draws: Bootstrap draws of the intervals.
        threads: For LightGBM; on a shared machine more than one often wait for each other.
    """

    seed: int = 0
    members: int = 1
    epochs: int = 8
    patience: int = 3
    batch: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    ema: float = 0.99
    dropout: float = 0.4
    modality_dropout: float = 0.1
    min_count: int = 10
    split: Path | None = None
    note_encoder: Path | None = None
    features: tuple[str, ...] | None = None
    draws: int = 500
    threads: int = 1
