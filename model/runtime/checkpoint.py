"""Read a Hugging Face BERT directory: its shape and its tensors under one set of names.

Names differ between exports: with or without the `bert.` prefix, and LayerNorm as
`gamma`/`beta` (2018, TensorFlow) or `weight`/`bias`. Here they are `weight`/`bias`, no prefix.
https://huggingface.co/docs/transformers/model_doc/bert
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from model.errors import BadCheckpoint

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
ACTIVATIONS = frozenset({"gelu"})


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The shape of a BERT encoder, by the names of its config.json."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads


def read_config(folder: Path) -> BertConfig:
    """The shape written in `folder/config.json`.

    Raises:
        BadCheckpoint: No such file, not a BERT, or an activation other than the exact GELU.
    """
    written = _read_json(folder)
    if written.get("model_type", "bert") != "bert":
        raise BadCheckpoint(
            folder, f"its model_type is {written['model_type']}", "Give a BERT checkpoint."
        )
    if written.get("hidden_act", "gelu") not in ACTIVATIONS:
        raise BadCheckpoint(
            folder,
            f"its hidden_act is {written['hidden_act']}",
            "Only the exact gelu is supported.",
        )
    names = BertConfig.__dataclass_fields__
    try:
        return BertConfig(**{name: written[name] for name in names if name in written})
    except TypeError as error:
        raise BadCheckpoint(folder, f"{CONFIG} lacks a size", "Fetch the file again.") from error


def read_tensors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the checkpoint as float32, by its name without prefix.

    Raises:
        BadCheckpoint: There are no safetensors, or they are damaged.
    """
    path = folder / WEIGHTS
    if not path.exists():
        raise BadCheckpoint(
            folder, f"it has no {WEIGHTS}", "Convert the weights with transformers' `safetensors`."
        )
    try:
        with safe_open(path, "np") as stored:
            return {_plain(name): _float32(stored.get_tensor(name)) for name in stored.keys()}  # noqa: SIM118 - not a dict
    except SafetensorError as error:
        raise BadCheckpoint(folder, f"{WEIGHTS} is damaged", "Fetch the file again.") from error


def tensor_names(layer: int) -> dict[str, str]:
    """Names of one block's parts: our short word to the checkpoint's name without suffix."""
    block = f"encoder.layer.{layer}."
    return {
        "query": block + "attention.self.query",
        "key": block + "attention.self.key",
        "value": block + "attention.self.value",
        "attended": block + "attention.output.dense",
        "attended_norm": block + "attention.output.LayerNorm",
        "up": block + "intermediate.dense",
        "down": block + "output.dense",
        "down_norm": block + "output.LayerNorm",
    }


def _read_json(folder: Path) -> dict[str, Any]:
    try:
        written = json.loads((folder / CONFIG).read_text("utf-8"))
    except FileNotFoundError as error:
        remedy = "Give the directory that holds config.json, vocab.txt and model.safetensors."
        raise BadCheckpoint(folder, f"it has no {CONFIG}", remedy) from error
    except ValueError as error:
        raise BadCheckpoint(folder, f"{CONFIG} is no JSON", "Fetch the file again.") from error
    return dict(written)


def _plain(name: str) -> str:
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _float32(tensor: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor, dtype=np.float32)
