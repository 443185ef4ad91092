"""Write a trained encoder as a Hugging Face directory."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file
from tokenizers import BertWordPieceTokenizer

from model.bert import stored_form, tensors_of
from model.mlm import SPECIAL, MaskedLanguageModel
from model.notes_options import FitReport, NotesFitOptions
from model.runtime.checkpoint import CONFIG, WEIGHTS
from model.runtime.encoder import SETTINGS


def write_checkpoint(
    model: MaskedLanguageModel,
    tokenizer: BertWordPieceTokenizer,
    out: Path,
    options: NotesFitOptions,
    report: FitReport,
) -> None:
    """The directory as Hugging Face lays it out, and beside it how notes are cut."""
    out.mkdir(parents=True, exist_ok=True)
    config = asdict(model.encoder.config)
    shape = {"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_act": "gelu"}
    _write_json(out / CONFIG, {**shape, **config, "pad_token_id": 0})
    _write_json(out / "tokenizer_config.json", _tokenizer_settings(options))
    _write_json(out / SETTINGS, {"window": options.window})
    _write_json(out / "training.json", {**asdict(options), **asdict(report)})
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    (out / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in pieces), "utf-8")
    tokenizer.save(str(out / "tokenizer.json"))
    save_file(
        {**tensors_of(model.encoder), **_head_tensors(model)}, out / WEIGHTS, {"format": "pt"}
    )


def _head_tensors(model: MaskedLanguageModel) -> dict[str, Any]:
    head = "cls.predictions.transform"
    gain, shift = model.norm.trainable_variables
    kernel, bias = model.transform.trainable_variables
    return {
        "cls.predictions.bias": stored_form(model.bias, "bias"),
        f"{head}.dense.weight": stored_form(kernel, head),
        f"{head}.dense.bias": stored_form(bias, head),
        f"{head}.LayerNorm.weight": stored_form(gain, head),
        f"{head}.LayerNorm.bias": stored_form(shift, head),
    }


def _tokenizer_settings(options: NotesFitOptions) -> dict[str, Any]:
    names = ("pad", "unk", "cls", "sep", "mask")
    tokens = {f"{name}_token": token for name, token in zip(names, SPECIAL, strict=True)}
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": options.positions,
        **tokens,
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, default=float) + "\n", "utf-8")
