"""Cut a note into windows of word pieces that an encoder can take."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import BertWordPieceTokenizer, Tokenizer

from model.errors import BadCheckpoint

CLASS, SEPARATOR, PAD = "[CLS]", "[SEP]", "[PAD]"
SPECIAL = frozenset({CLASS, SEPARATOR, PAD, "[UNK]", "[MASK]"})


@dataclass(frozen=True)
class NoteTokens:
    """A tokenizer and the sizes notes are cut to.

    Attributes:
        tokenizer: Text to word-piece ids, without special tokens.
        window: Tokens in one chunk, its [CLS] and [SEP] included.
        max_chunks: Most chunks of one note. A longer note keeps its beginning and its end,
            where reason for admission and discharge plan stand.
    """

    tokenizer: Tokenizer
    window: int
    max_chunks: int

    def windows(self, text: str) -> list[list[int]]:
        """The note as chunks of at most `window` ids; none for a note without words."""
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        room = self.window - 2
        pieces = [ids[start : start + room] for start in range(0, len(ids), room)]
        first, last = self._id(CLASS), self._id(SEPARATOR)
        return [[first, *piece, last] for piece in self._trim(pieces)]

    def padded(
        self, windows: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Chunks as (ids, mask), both (chunk, token), padded on the right to the longest."""
        longest = max(len(window) for window in windows)
        ids = np.full((len(windows), longest), self._id(PAD), np.int32)
        lengths = np.array([len(window) for window in windows])
        mask = np.arange(longest) < lengths[:, None]
        ids[mask] = np.concatenate([np.asarray(window, np.int32) for window in windows])
        return ids, mask

    def _trim(self, pieces: list[list[int]]) -> list[list[int]]:
        if len(pieces) <= self.max_chunks:
            return pieces
        head = (self.max_chunks + 1) // 2
        tail = self.max_chunks - head
        return pieces[:head] + pieces[len(pieces) - tail :]

    def _id(self, token: str) -> int:
        return self.tokenizer.token_to_id(token) or 0  # load_tokenizer saw to it that it is there


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint: its tokenizer.json, or WordPiece over its vocab.txt.

    Raises:
        BadCheckpoint: There is neither, or the vocabulary lacks [CLS], [SEP] or [PAD].
    """
    if (folder / "tokenizer.json").exists():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
    elif (folder / "vocab.txt").exists():
        tokenizer = _from_vocabulary(folder)
    else:
        remedy = "Copy vocab.txt or tokenizer.json of the checkpoint into it."
        raise BadCheckpoint(folder, "it has no vocabulary", remedy)
    missing = [token for token in (CLASS, SEPARATOR, PAD) if tokenizer.token_to_id(token) is None]
    if missing:
        raise BadCheckpoint(folder, f"its vocabulary lacks {missing[0]}", "Give a BERT vocabulary.")
    return tokenizer


def _from_vocabulary(folder: Path) -> Tokenizer:
    return BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=_is_lower_case(folder))


def _is_lower_case(folder: Path) -> bool:
    """What tokenizer_config.json says; else whether the vocabulary is without capitals.

    Bio_ClinicalBERT comes without tokenizer_config.json and with a cased vocabulary.
    """
    settings = folder / "tokenizer_config.json"
    if settings.exists():
        written = json.loads(settings.read_text("utf-8"))
        if "do_lower_case" in written:
            return bool(written["do_lower_case"])
    words = set((folder / "vocab.txt").read_text("utf-8").splitlines()) - SPECIAL
    return not any(word[:1].isupper() for word in words if not word.startswith("[unused"))
