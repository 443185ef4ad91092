"""Make a small note encoder from the site's own scrubbed notes: what `homeward notes fit` runs.

A WordPiece vocabulary, then a two-layer BERT trained to fill holes for a few minutes. The result
is a Hugging Face directory that transformers' loaders, `model/bert.py` and the NumPy runtime read.
It knows this site's words and little else: whoever has Bio_ClinicalBERT should use that.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tokenizers import BertWordPieceTokenizer

from model.bert import BertEncoder, built
from model.checkpoint import write_checkpoint
from model.errors import ModelError
from model.masking import sequences
from model.mlm import SPECIAL, Holes, MaskedLanguageModel, judge
from model.notes_options import FitReport, NotesFitOptions

Progress = Callable[[str], None]

HELD_OUT = 20  # one row in so many judges
MOST_HELD_OUT = 512
REPORT_EVERY = 100  # steps


class NoNotes(ModelError):
    """There is nothing to learn words from."""

    def __init__(self, notes: int) -> None:
        super().__init__(
            f"{notes} notes hold too few words to make an encoder. Ingest with notes kept and"
            " scrubbed, or give a checkpoint with --note-encoder."
        )


def fit_note_encoder(
    texts: Sequence[str],
    out: Path,
    options: NotesFitOptions | None = None,
    progress: Progress = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> FitReport:
    """Learn a vocabulary and an encoder from notes and write them as a Hugging Face directory.

    Args:
        texts: Scrubbed notes.
        out: Directory to make.
        options: Sizes; the default takes about two and a half minutes.
        progress: Called with a line of words now and then.
        clock: Seconds that only ever grow.

    Returns:
        How training went.

    Raises:
        NoNotes: There are no words to learn from.
    """
    options = options or NotesFitOptions()
    keras.utils.set_random_seed(options.seed)
    tokenizer = learn_words(texts, options)
    rows = rows_of(texts, tokenizer, options)
    if len(rows) < 2 * HELD_OUT:
        raise NoNotes(len(texts))
    progress(f"{len(texts)} notes, {tokenizer.get_vocab_size()} word pieces, {len(rows)} rows")
    encoder = built(BertEncoder(options.config(tokenizer.get_vocab_size())))
    model = MaskedLanguageModel(encoder)
    report = _train(model, rows, Holes(tokenizer), options, progress, clock)
    write_checkpoint(model, tokenizer, Path(out), options, report)
    return report


def learn_words(texts: Sequence[str], options: NotesFitOptions) -> BertWordPieceTokenizer:
    """A lower-case WordPiece vocabulary of the notes."""
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(
        texts,
        vocab_size=options.vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    return tokenizer


def rows_of(
    texts: Sequence[str], tokenizer: BertWordPieceTokenizer, options: NotesFitOptions
) -> Any:
    """Notes as padded rows of ids, (row, position); a note told twice counts once."""
    distinct = sorted(set(texts))
    encoded = tokenizer.encode_batch(distinct, add_special_tokens=False)
    ids = [encoding.ids for encoding in encoded]
    first, last, pad = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]", "[PAD]"))
    return sequences(ids, options.positions, first, last, pad)


def _train(
    model: MaskedLanguageModel,
    rows: Any,
    holes: Holes,
    options: NotesFitOptions,
    progress: Progress,
    clock: Callable[[], float],
) -> FitReport:
    draw = np.random.default_rng(options.seed)
    rows = rows[draw.permutation(len(rows))]
    held = min(MOST_HELD_OUT, len(rows) // HELD_OUT)
    judged, learned = rows[:held], rows[held:]
    _compile(model, options)
    report, losses, until = FitReport(), [], clock() + 60 * options.minutes
    for batch in _batches(learned, options, draw):
        inputs, masked = holes.make(batch, draw)
        losses.append(float(model.train_on_batch(inputs, masked.answers, masked.counts)))
        report.steps += 1
        if report.steps % REPORT_EVERY == 0:
            report.losses.append(float(np.mean(losses[-REPORT_EVERY:])))
            progress(f"step {report.steps}: loss {report.losses[-1]:.3f}")
        if clock() >= until:
            break
    report.accuracy, report.guess = judge(model, judged, holes, options.seed)
    progress(
        f"{report.accuracy:.1%} of hidden pieces found; the commonest alone {report.guess:.1%}"
    )
    return report


def _compile(model: MaskedLanguageModel, options: NotesFitOptions) -> None:
    optimizer = keras.optimizers.AdamW(
        options.learning_rate, weight_decay=0.01, global_clipnorm=1.0
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=keras.backend.backend() == "jax")


def _batches(rows: Any, options: NotesFitOptions, draw: np.random.Generator) -> Iterator[Any]:
    """At most `steps` batches, going through the rows again and again."""
    size, given = min(options.batch, len(rows)), 0
    while given < options.steps:
        order = draw.permutation(len(rows))
        for start in range(0, len(rows) - size + 1, size):
            yield rows[order[start : start + size]]
            given += 1
            if given >= options.steps:
                return
