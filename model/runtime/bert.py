"""BERT's forward pass in NumPy, for any checkpoint directory.

Devlin et al. 2019, https://arxiv.org/abs/1810.04805. Held equal to `model/bert.py` by test.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import BadCheckpoint
from model.runtime.arithmetic import Array, attend, gelu, join_heads, layer_norm, split_heads
from model.runtime.checkpoint import BertConfig, read_config, read_tensors, tensor_names

Weights = dict[str, Array]


@dataclass(frozen=True)
class Bert:
    """An encoder: its shape, its embeddings and its blocks.

    Matrices are kept as (in, out), the transpose of what the checkpoint stores.
    """

    config: BertConfig
    embeddings: Weights
    blocks: tuple[Weights, ...]

    @classmethod
    def load(cls, folder: Path) -> "Bert":
        """The encoder stored in `folder`.

        Raises:
            BadCheckpoint: The directory is no BERT, or a tensor is missing.
        """
        config, tensors = read_config(folder), read_tensors(folder)
        try:
            blocks = [_block(tensors, layer) for layer in range(config.num_hidden_layers)]
            return cls(config, _embeddings(tensors), tuple(blocks))
        except KeyError as error:
            raise BadCheckpoint(
                folder, f"it has no tensor {error}", "Give a complete BERT checkpoint."
            ) from error

    def __call__(self, token_ids: NDArray[np.int32], mask: NDArray[np.bool_]) -> Array:
        """The last layer's states.

        Args:
            token_ids: (batch, token).
            mask: (batch, token), False where there is padding.

        Returns:
            (batch, token, hidden).
        """
        states = self._embed(token_ids)
        for block in self.blocks:
            states = self._transform(states, block, mask)
        return states

    def _embed(self, token_ids: NDArray[np.int32]) -> Array:
        table = self.embeddings
        summed = table["word"][token_ids] + table["position"][: token_ids.shape[1]]
        summed = summed + table["type"][0]  # one segment: a note is never a pair of sentences
        return layer_norm(summed, table["gain"], table["shift"], self.config.layer_norm_eps)

    def _transform(self, states: Array, block: Weights, mask: NDArray[np.bool_]) -> Array:
        heads, epsilon = self.config.num_attention_heads, self.config.layer_norm_eps
        query, key, value = (
            split_heads(_dense(states, block, part), heads) for part in ("query", "key", "value")
        )
        attended = _dense(join_heads(attend(query, key, value, mask)), block, "attended")
        states = _norm(states + attended, block, "attended_norm", epsilon)
        lifted = _dense(gelu(_dense(states, block, "up")), block, "down")
        return _norm(states + lifted, block, "down_norm", epsilon)


def _embeddings(tensors: Weights) -> Weights:
    return {
        "word": tensors["embeddings.word_embeddings.weight"],
        "position": tensors["embeddings.position_embeddings.weight"],
        "type": tensors["embeddings.token_type_embeddings.weight"],
        "gain": tensors["embeddings.LayerNorm.weight"],
        "shift": tensors["embeddings.LayerNorm.bias"],
    }


def _block(tensors: Weights, layer: int) -> Weights:
    parts: Weights = {}
    for part, name in tensor_names(layer).items():
        weight = tensors[f"{name}.weight"]
        parts[f"{part}.weight"] = np.ascontiguousarray(weight.T)
        parts[f"{part}.bias"] = tensors[f"{name}.bias"]
    return parts


def _dense(x: Array, block: Weights, part: str) -> Array:
    return x @ block[f"{part}.weight"] + block[f"{part}.bias"]


def _norm(x: Array, block: Weights, part: str, epsilon: float) -> Array:
    return layer_norm(x, block[f"{part}.weight"], block[f"{part}.bias"], epsilon)
