"""Turn a note into vectors, one for each chunk: what Spark executors and the hook call."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.runtime.arithmetic import Array
from model.runtime.bert import Bert
from model.runtime.checkpoint import CONFIG, WEIGHTS
from model.runtime.tokens import NoteTokens, load_tokenizer

SETTINGS = "encoder.json"  # ours, beside the checkpoint's files: how its notes are cut
LARGEST_WINDOW = 256
MAX_CHUNKS = 16
PARTS = (CONFIG, WEIGHTS, "vocab.txt", "tokenizer.json", "tokenizer_config.json", SETTINGS)


@dataclass(frozen=True)
class NoteEncoder:
    """A BERT checkpoint that answers with the mean of its last states over each chunk.

    Attributes:
        bert: The network.
        tokens: How a note is cut.
        hash: Of the checkpoint's files; vectors of two hashes must never be mixed.
    """

    bert: Bert
    tokens: NoteTokens
    hash: str

    @classmethod
    def load(cls, folder: Path) -> "NoteEncoder":
        """The encoder in `folder`, any Hugging Face BERT directory.

        Windows are 256 tokens (or as many as the checkpoint takes) unless `encoder.json`
        beside it says otherwise.

        Raises:
            BadCheckpoint: A file is missing, damaged or not BERT's.
        """
        folder = Path(folder)
        bert = Bert.load(folder)
        window = _settings(folder).get("window", LARGEST_WINDOW)
        window = min(window, bert.config.max_position_embeddings)
        tokens = NoteTokens(load_tokenizer(folder), window, MAX_CHUNKS)
        return cls(bert, tokens, encoder_hash(folder))

    @property
    def width(self) -> int:
        """Length of a chunk's vector."""
        return self.bert.config.hidden_size

    def encode(self, text: str) -> Array:
        """The note's vectors, float32 (chunk, width); (0, width) for a note without words."""
        windows = self.tokens.windows(text)
        if not windows:
            return np.zeros((0, self.width), np.float32)
        ids, mask = self.tokens.padded(windows)
        states = self.bert(ids, mask)
        weight = mask[:, :, None].astype(np.float32)
        return (states * weight).sum(axis=1) / weight.sum(axis=1)


def encoder_hash(folder: Path) -> str:
    """Hex digest of the files that decide a vector: shape, weights, vocabulary, window."""
    digest = hashlib.sha256()
    for name in PARTS:
        path = folder / name
        if path.exists():
            digest.update(f"{name}:{path.stat().st_size}:".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _settings(folder: Path) -> dict[str, int]:
    path = folder / SETTINGS
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
