"""What `homeward notes fit` may be told, and what it tells in the end."""

from dataclasses import dataclass, field

from model.runtime.checkpoint import BertConfig


@dataclass(frozen=True, slots=True)
class NotesFitOptions:
    """Sizes of the encoder and of its training.

    Attributes:
        seed: Of weights, masking and order.
        minutes: Wall time training may take.
        steps: Most steps, whatever the time.
        vocabulary: Most word pieces.
        layers: Transformer blocks.
        width: Of a token's state, and so of a note's vector.
        heads: Attention heads; divides `width`.
        positions: Most tokens of a row.
        window: Tokens of a chunk when notes are encoded; smaller chunks drown fewer sentences.
        batch: Rows a step.
        learning_rate: Highest of the schedule.
    """

    seed: int = 0
    minutes: float = 2.5
    steps: int = 20_000
    vocabulary: int = 4000
    layers: int = 2
    width: int = 128
    heads: int = 4
    positions: int = 128
    window: int = 64
    batch: int = 64
    learning_rate: float = 1e-3

    def config(self, vocabulary: int) -> BertConfig:
        """The shape, once the number of pieces is known."""
        return BertConfig(
            vocab_size=vocabulary,
            hidden_size=self.width,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=4 * self.width,
            max_position_embeddings=self.positions,
        )


@dataclass(slots=True)
class FitReport:
    """How training went.

    Attributes:
        steps: Steps taken.
        accuracy: Share of held-out holes filled with the very piece, at the end.
        guess: The same for always answering the commonest piece.
        losses: Mean loss of each stretch of steps.
    """

    steps: int = 0
    accuracy: float = float("nan")
    guess: float = float("nan")
    losses: list[float] = field(default_factory=list)
