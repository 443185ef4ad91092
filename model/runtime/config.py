"""The shape of a readmission network, as its artefact's config.json holds it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Sizes of the network; what is learned from data stands in `Normalisation`.

    Attributes:
        features: How many catalogue values.
        codes: Size of the code vocabulary.
        note_width: Width of the note encoder's vectors; 1 where there is no encoder.
        code_width: Width of a code's embedding, and of a step.
        value_width: Width of the hidden layer over the catalogue values.
        state_width: Width of the GRU's state and of attention.
        heads: Attention heads; divides `state_width`.
        head_width: Width of the hidden layer before the answer.
        max_chunks: Most note chunks of one row.
        dropout: Share of units silenced in training.
        modality_dropout: Share of rows whose notes, or whose history, are hidden in training,
            so that the learned absent vectors mean something.
    """

    features: int
    codes: int
    note_width: int = 1
    code_width: int = 48
    value_width: int = 96
    state_width: int = 64
    heads: int = 4
    head_width: int = 96
    max_chunks: int = 32
    dropout: float = 0.3
    modality_dropout: float = 0.1

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `config.json`."""
        return asdict(self)
