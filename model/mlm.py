"""A network that fills holes in notes, and how well it does so on notes it has not seen."""

from typing import Any

import keras
import numpy as np
from keras import ops
from tokenizers import BertWordPieceTokenizer

from model.bert import BertEncoder, gelu
from model.masking import Masked, mask_tokens

Tensor = Any

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class MaskedLanguageModel(keras.Model):
    """The encoder with the head that fills holes; output weights are the word embeddings.

    Call arguments:
        inputs: `token_ids` and `mask` (batch, token), `places` (batch, hole).

    Returns:
        float, (batch, hole, piece): log-odds of each piece.
    """

    def __init__(self, encoder: BertEncoder) -> None:
        super().__init__(name="mlm")
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.transform = keras.layers.Dense(width, name="transform")
        self.norm = keras.layers.LayerNormalization(epsilon=1e-12, name="norm")
        self.bias = self.add_weight(
            name="bias", shape=(encoder.config.vocab_size,), initializer="zeros"
        )

    def call(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        states = self.encoder(inputs, training=training)
        chosen = ops.take_along_axis(states, inputs["places"][..., None], axis=1)
        transformed = self.norm(gelu(self.transform(chosen)))
        words = ops.transpose(ops.convert_to_tensor(self.encoder.word.embeddings))
        return ops.matmul(transformed, words) + self.bias


class Holes:
    """Makes batches with holes for one tokenizer.

    Args:
        tokenizer: With the five special tokens.
    """

    def __init__(self, tokenizer: BertWordPieceTokenizer) -> None:
        ids = {name: tokenizer.token_to_id(name) for name in SPECIAL}
        self.special = frozenset(ids.values())
        self.mask_id, self.pad = ids["[MASK]"], ids["[PAD]"]
        self.vocabulary = tokenizer.get_vocab_size()

    def make(self, rows: Any, draw: np.random.Generator) -> tuple[dict[str, Any], Masked]:
        """The network's inputs and the answers."""
        masked = mask_tokens(rows, self.special, self.mask_id, self.vocabulary, draw)
        inputs = {"token_ids": masked.token_ids, "mask": rows != self.pad, "places": masked.places}
        return inputs, masked


def judge(model: MaskedLanguageModel, rows: Any, holes: Holes, seed: int) -> tuple[float, float]:
    """Share of holes in unseen rows filled with the very piece, by the model and by a guess."""
    inputs, masked = holes.make(rows, np.random.default_rng(seed))
    counts = masked.counts > 0
    answers = masked.answers[counts]
    given = np.argmax(model.predict_on_batch(inputs), axis=-1)[counts]
    commonest = np.bincount(answers).argmax()
    return float(np.mean(given == answers)), float(np.mean(answers == commonest))
