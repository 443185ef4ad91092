"""Making a note encoder: holes are made as told, and the result reads like any checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoTokenizer

from model.masking import mask_tokens, sequences
from model.notes_fit import NoNotes, fit_note_encoder
from model.notes_options import NotesFitOptions
from model.runtime.bert import Bert
from model.runtime.encoder import NoteEncoder

TINY = NotesFitOptions(steps=6, vocabulary=80, layers=1, width=16, heads=2, positions=24, window=12)
SPECIAL = frozenset(range(5))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder made of a few invented notes."""
    draw, folder = np.random.default_rng(0), tmp_path_factory.mktemp("encoder")
    words = ("lives", "alone", "with", "daughter", "no", "help", "pills", "missed", "visit")
    notes = [" ".join(draw.choice(words, 30)) for _ in range(80)]
    fit_note_encoder(notes, folder, TINY)
    return folder


def test_the_runtime_reads_what_was_made(made: Path) -> None:
    vectors = NoteEncoder.load(made).encode("lives alone with no help " * 5)

    assert vectors.shape[1] == TINY.width
    assert len(vectors) > 1
    assert np.isfinite(vectors).all()


def test_keras_and_the_runtime_agree_on_what_was_made(made: Path) -> None:
    from model.bert import load_bert

    ids = np.random.default_rng(0).integers(5, 30, (2, 10)).astype("int32")
    mask = np.ones((2, 10), bool)

    by_keras = np.asarray(load_bert(made)({"token_ids": ids, "mask": mask}))

    np.testing.assert_allclose(Bert.load(made)(ids, mask), by_keras, atol=1e-4)


def test_the_loaders_of_transformers_read_what_was_made(made: Path) -> None:
    theirs = AutoTokenizer.from_pretrained(made)("lives alone")["input_ids"]

    assert theirs == NoteEncoder.load(made).tokens.windows("lives alone")[0]
    assert AutoConfig.from_pretrained(made).hidden_size == TINY.width


def test_tensors_bear_the_names_of_a_masked_language_model(made: Path) -> None:
    tensors = load_file(made / "model.safetensors")
    words = len((made / "vocab.txt").read_text("utf-8").splitlines())

    assert tensors["bert.embeddings.word_embeddings.weight"].shape == (words, TINY.width)
    assert tensors["bert.encoder.layer.0.intermediate.dense.weight"].shape == (64, TINY.width)
    assert tensors["cls.predictions.bias"].shape == (words,)


def test_how_training_went_is_written_beside_it(made: Path) -> None:
    told = json.loads((made / "training.json").read_text("utf-8"))

    assert told["steps"] == TINY.steps
    assert 0 <= told["accuracy"] <= 1


def test_no_words_make_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(NoNotes, match="2 notes hold too few words"):
        fit_note_encoder(["one note", "another"], tmp_path / "encoder", TINY)


def test_training_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    ticks = iter(range(0, 10_000, 40))
    notes = [f"note number {number} of a patient" for number in range(60)]

    report = fit_note_encoder(notes, tmp_path / "encoder", TINY, clock=lambda: float(next(ticks)))

    assert report.steps < TINY.steps


def test_holes_are_never_made_in_special_tokens_or_padding() -> None:
    rows = sequences([list(range(10, 40)), [11, 12]], 16, 2, 3, 0)

    masked = mask_tokens(rows, SPECIAL, 4, 40, np.random.default_rng(0))

    answers = masked.answers[masked.counts > 0]
    assert not set(answers.tolist()) & SPECIAL
    assert (masked.token_ids != rows).sum() <= masked.counts.sum()


def test_a_long_note_becomes_several_rows_and_loses_no_word() -> None:
    rows = sequences([list(range(10, 45))], 12, 2, 3, 0)

    assert [int(piece) for row in rows for piece in row if piece > 4] == list(range(10, 45))
    assert (rows[:, 0] == 2).all()
