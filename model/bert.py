"""BERT in Keras 3 layers, any backend, loading any Hugging Face directory without PyTorch.

For training (`model/notes_fit.py`) and for machines with an accelerator. Serving runs
`model/runtime/bert.py`; a test holds both equal. keras-hub's BERT was not taken: its GELU is the
tanh approximation, and ClinicalBERT's is exact (docs/decisions/0010).
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from model.errors import BadCheckpoint
from model.runtime.checkpoint import BertConfig, read_config, read_tensors, tensor_names

Tensor = Any
NORMS = frozenset({"attended_norm", "down_norm"})


def gelu(x: Tensor) -> Tensor:
    """The exact Gaussian error linear unit, by `erf`."""
    return 0.5 * x * (1.0 + ops.erf(x * (1.0 / math.sqrt(2.0))))


@keras.saving.register_keras_serializable(package="homeward")
class BertBlock(keras.layers.Layer):
    """One transformer block: self-attention, then two dense layers, each added and normalised.

    Args:
        config: The encoder's shape, or its fields as a dict (as saving writes it).
        dropout: Share of units silenced in training.

    Call arguments:
        states: float, (batch, token, hidden).
        mask: bool, (batch, token). False where there is padding.

    Returns:
        float, (batch, token, hidden).
    """

    def __init__(
        self, config: BertConfig | dict[str, Any], dropout: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.config = BertConfig(**config) if isinstance(config, dict) else config
        self.rate = dropout
        self.drop = keras.layers.Dropout(dropout)
        self.parts = {part: self._part(part) for part in tensor_names(0)}
        for part, layer in self.parts.items():
            setattr(self, part, layer)  # so that Keras finds it

    def build(self, *_shapes: Any) -> None:
        inner = self.config.intermediate_size
        for part, layer in self.parts.items():
            layer.build((None, None, inner if part == "down" else self.config.hidden_size))

    def call(self, states: Tensor, mask: Tensor, training: bool = False) -> Tensor:
        attended = self.parts["attended"](self._attend(states, mask))
        states = states + self.drop(attended, training=training)
        states = self.parts["attended_norm"](states)
        lifted = self.parts["down"](gelu(self.parts["up"](states)))
        return self.parts["down_norm"](states + self.drop(lifted, training=training))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": asdict(self.config), "dropout": self.rate}

    def _part(self, part: str) -> Any:
        if part in NORMS:
            return keras.layers.LayerNormalization(epsilon=self.config.layer_norm_eps, name=part)
        width = self.config.intermediate_size if part == "up" else self.config.hidden_size
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        return keras.layers.Dense(width, kernel_initializer=start, name=part)

    def _attend(self, states: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            self._split(self.parts[part](states)) for part in ("query", "key", "value")
        )
        scores = ops.einsum("bhqw,bhkw->bhqk", query, key) * self.config.head_width**-0.5
        weights = ops.softmax(ops.where(mask[:, None, None, :], scores, -1e9), axis=-1)
        joined = ops.einsum("bhqk,bhkw->bqhw", weights, value)
        return ops.reshape(joined, (-1, ops.shape(states)[1], self.config.hidden_size))

    def _split(self, x: Tensor) -> Tensor:
        shape = (-1, ops.shape(x)[1], self.config.num_attention_heads, self.config.head_width)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))


class BertEncoder(keras.Model):
    """Embeddings and blocks; answers with the last states, (batch, token, hidden).

    Args:
        config: The shape.
        dropout: Share of units silenced in training.

    Call arguments:
        inputs: `token_ids` int (batch, token) and `mask` bool (batch, token).
    """

    def __init__(self, config: BertConfig, dropout: float = 0.1) -> None:
        super().__init__(name="bert")
        self.config = config
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        self.word, self.position, self.segment = (
            keras.layers.Embedding(size, config.hidden_size, start, name=name)
            for name, size in _tables(config).items()
        )
        self.norm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps, name="norm")
        self.drop = keras.layers.Dropout(dropout)
        self.blocks = [
            BertBlock(config, dropout, name=f"block_{layer}")
            for layer in range(config.num_hidden_layers)
        ]

    def call(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        ids = inputs["token_ids"]
        places = ops.arange(ops.shape(ids)[1])
        summed = self.word(ids) + self.position(places)[None] + self.segment(ops.zeros_like(ids))
        states = self.drop(self.norm(summed), training=training)
        for block in self.blocks:
            states = block(states, inputs["mask"], training=training)
        return states


def load_bert(folder: Path) -> BertEncoder:
    """The encoder in a Hugging Face BERT directory.

    Raises:
        BadCheckpoint: The directory is no BERT, or a tensor is missing.
    """
    config, tensors = read_config(folder), read_tensors(folder)
    encoder = built(BertEncoder(config))
    try:
        for name, variables in named_variables(encoder).items():
            _assign(variables, tensors[f"{name}.weight"], tensors.get(f"{name}.bias"))
    except KeyError as error:
        raise BadCheckpoint(
            folder, f"it has no tensor {error}", "Give a complete BERT checkpoint."
        ) from error
    return encoder


def built(encoder: BertEncoder) -> BertEncoder:
    """The encoder with its weights made."""
    ids = np.zeros((1, 2), np.int32)
    encoder({"token_ids": ids, "mask": np.ones((1, 2), bool)})
    return encoder


def tensors_of(encoder: BertEncoder) -> dict[str, NDArray[np.float32]]:
    """Every weight by its Hugging Face name with the `bert.` prefix, as a checkpoint holds it."""
    tensors = {}
    for name, variables in named_variables(encoder).items():
        for suffix, variable in zip(("weight", "bias"), variables, strict=False):
            tensors[f"bert.{name}.{suffix}"] = stored_form(variable, name)
    return tensors


def stored_form(variable: Any, name: str) -> NDArray[np.float32]:
    """The variable as checkpoints store it: dense matrices as (out, in), embeddings as they are."""
    array = np.asarray(ops.convert_to_numpy(variable), np.float32)
    turned = array.ndim == 2 and "embeddings" not in name
    return np.ascontiguousarray(array.T if turned else array)


def named_variables(encoder: BertEncoder) -> dict[str, list[Any]]:
    """Weight and bias of each part by the checkpoint's name of the part, without suffix."""
    tables = {"word": encoder.word, "position": encoder.position, "token_type": encoder.segment}
    named = {f"embeddings.{name}_embeddings": layer for name, layer in tables.items()}
    named["embeddings.LayerNorm"] = encoder.norm
    for number, block in enumerate(encoder.blocks):
        names = tensor_names(number)
        named |= {names[part]: layer for part, layer in block.parts.items()}
    return {name: list(layer.trainable_variables) for name, layer in named.items()}


def _tables(config: BertConfig) -> dict[str, int]:
    return {
        "word": config.vocab_size,
        "position": config.max_position_embeddings,
        "segment": config.type_vocab_size,
    }


def _assign(variables: list[Any], weight: NDArray[Any], bias: NDArray[Any] | None) -> None:
    kernel = variables[0]
    kernel.assign(weight if tuple(kernel.shape) == weight.shape and bias is None else weight.T)
    if bias is not None:
        variables[1].assign(bias)
