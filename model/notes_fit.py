"""Make a small note encoder from the site's own scrubbed notes: what `homeward notes fit` runs.

A WordPiece vocabulary, then a two-layer BERT trained to fill holes for a few minutes. The result
is a Hugging Face directory that transformers' loaders, `model/bert.py` and the NumPy runtime read.
It knows this site's words and little else: whoever has Bio_ClinicalBERT should use that.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from safetensors.numpy import save_file
from tokenizers import BertWordPieceTokenizer

from model.bert import BertEncoder, built, gelu, stored_form, tensors_of
from model.errors import ModelError
from model.masking import Masked, mask_tokens, sequences
from model.runtime.checkpoint import CONFIG, WEIGHTS, BertConfig
from model.runtime.encoder import SETTINGS

Tensor = Any
Progress = Callable[[str], None]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
HELD_OUT = 20  # one row in so many judges
MOST_HELD_OUT = 512
REPORT_EVERY = 100  # steps


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


class NoNotes(ModelError):
    """There is nothing to learn words from."""

    def __init__(self, notes: int) -> None:
        super().__init__(
            f"{notes} notes hold too few words to make an encoder. Ingest with notes kept and"
            " scrubbed, or give a checkpoint with --note-encoder."
        )


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
    report = _train(model, rows, _Holes(tokenizer), options, progress, clock)
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


class _Holes:
    """Makes batches with holes for one tokenizer."""

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


def _train(
    model: MaskedLanguageModel,
    rows: Any,
    holes: _Holes,
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
    report.accuracy, report.guess = judge(model, judged, holes, options)
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


def judge(
    model: MaskedLanguageModel, rows: Any, holes: _Holes, options: NotesFitOptions
) -> tuple[float, float]:
    """Share of holes in unseen rows filled with the very piece, by the model and by a guess."""
    inputs, masked = holes.make(rows, np.random.default_rng(options.seed))
    counts = masked.counts > 0
    answers = masked.answers[counts]
    given = np.argmax(model.predict_on_batch(inputs), axis=-1)[counts]
    commonest = np.bincount(answers).argmax()
    return float(np.mean(given == answers)), float(np.mean(answers == commonest))


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
