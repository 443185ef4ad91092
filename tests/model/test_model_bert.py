"""BERT: the runtime and Keras agree on any checkpoint, and refuse what is none."""

import json
from pathlib import Path

import numpy as np
import pytest

from model.errors import BadCheckpoint
from model.runtime.bert import Bert
from model.runtime.encoder import NoteEncoder, encoder_hash
from tests.support.checkpoints import POSITIONS, WIDTH, real_checkpoint, write_checkpoint


def drawn_ids(vocabulary: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.random.default_rng(1).integers(5, vocabulary, (3, tokens)).astype("int32")
    return ids, np.arange(tokens) < np.array([[tokens], [tokens // 2], [1]])


def test_keras_and_numpy_give_the_same_states(checkpoint: Path) -> None:
    from model.bert import load_bert

    ids, mask = drawn_ids(15, 12)

    by_keras = np.asarray(load_bert(checkpoint)({"token_ids": ids, "mask": mask}))

    np.testing.assert_allclose(Bert.load(checkpoint)(ids, mask), by_keras, atol=1e-4)


def test_a_real_checkpoint_gives_the_same_states_in_both() -> None:
    from model.bert import load_bert

    folder = real_checkpoint()
    ids, mask = drawn_ids(30_000, 24)

    by_keras = np.asarray(load_bert(folder)({"token_ids": ids, "mask": mask}))

    np.testing.assert_allclose(Bert.load(folder)(ids, mask), by_keras, atol=1e-4)


def test_a_real_checkpoint_puts_like_sentences_near_each_other() -> None:
    encoder = NoteEncoder.load(real_checkpoint())

    alone, nobody, market = (
        encoder.encode(text).mean(axis=0)
        for text in (
            "The patient lives alone and has no help.",
            "He has nobody at home to assist him.",
            "The stock market rose today.",
        )
    )

    assert alone @ nobody > 2 * abs(alone @ market)


@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("norm", [("weight", "bias"), ("gamma", "beta")])
def test_prefix_and_old_names_of_layer_norm_make_no_difference(
    checkpoint: Path, tmp_path: Path, prefix: str, norm: tuple[str, str]
) -> None:
    other = write_checkpoint(tmp_path / "other", prefix, norm)
    ids, mask = drawn_ids(15, 6)

    np.testing.assert_array_equal(Bert.load(other)(ids, mask), Bert.load(checkpoint)(ids, mask))


def test_what_stands_in_padding_does_not_change_the_answer(checkpoint: Path) -> None:
    bert = Bert.load(checkpoint)
    ids, mask = drawn_ids(15, 8)
    changed = np.where(mask, ids, 7).astype("int32")

    one, other = bert(ids, mask), bert(changed, mask)

    np.testing.assert_allclose(one[mask], other[mask], atol=1e-6)


def test_a_note_is_cut_into_chunks_of_the_window(checkpoint: Path) -> None:
    encoder = NoteEncoder.load(checkpoint)

    vectors = encoder.encode("the patient lives alone . " * 20)

    words, room = 100, POSITIONS - 2
    assert vectors.shape == (-(-words // room), WIDTH)
    assert vectors.dtype == np.float32


def test_a_very_long_note_keeps_its_beginning_and_its_end(checkpoint: Path) -> None:
    tokens = NoteEncoder.load(checkpoint).tokens

    windows = tokens.windows("alone " + "the " * 5000 + "pills")

    assert len(windows) == tokens.max_chunks
    assert windows[0][1] == tokens.tokenizer.token_to_id("alone")
    assert windows[-1][-2] == tokens.tokenizer.token_to_id("pills")


def test_a_note_without_words_has_no_chunks(checkpoint: Path) -> None:
    assert NoteEncoder.load(checkpoint).encode("  \n").shape == (0, WIDTH)


def test_a_cased_vocabulary_keeps_capitals_apart(checkpoint: Path) -> None:
    lower = NoteEncoder.load(checkpoint).tokens.tokenizer.encode("Alone").tokens
    with (checkpoint / "vocab.txt").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("Alone\n")

    cased = NoteEncoder.load(checkpoint).tokens.tokenizer.encode("Alone").tokens

    assert ("alone" in lower, "Alone" in cased) == (True, True)


def test_the_hash_changes_with_the_weights_and_not_with_the_place(
    checkpoint: Path, tmp_path: Path
) -> None:
    twin = write_checkpoint(tmp_path / "twin")
    before = encoder_hash(checkpoint)
    (checkpoint / "encoder.json").write_text(json.dumps({"window": 8}), "utf-8")

    assert before == encoder_hash(twin)
    assert encoder_hash(checkpoint) != before


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("config.json", "it has no config.json"),
        ("model.safetensors", "it has no model.safetensors"),
        ("vocab.txt", "it has no vocabulary"),
    ],
)
def test_a_directory_that_lacks_a_file_is_refused_by_its_name(
    checkpoint: Path, missing: str, said: str
) -> None:
    (checkpoint / missing).unlink()

    with pytest.raises(BadCheckpoint, match=said):
        NoteEncoder.load(checkpoint)


def test_damaged_weights_are_refused(checkpoint: Path) -> None:
    whole = (checkpoint / "model.safetensors").read_bytes()
    (checkpoint / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadCheckpoint, match="damaged"):
        NoteEncoder.load(checkpoint)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"hidden_act": "gelu_new"}, "hidden_act is gelu_new"),
        ({"model_type": "roberta"}, "model_type is roberta"),
        ({"num_hidden_layers": 3}, "no tensor"),
    ],
)
def test_a_network_that_is_not_this_bert_is_refused(
    tmp_path: Path, config: dict[str, object], said: str
) -> None:
    with pytest.raises(BadCheckpoint, match=said):
        Bert.load(write_checkpoint(tmp_path / "other", **config))
