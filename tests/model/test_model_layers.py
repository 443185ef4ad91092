"""Every layer: shapes, the empty patient, padding, gradient, and that it survives saving."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from model.bert import BertBlock
from model.layers.code_bag import CodeBag
from model.layers.cross_attention import CrossAttention
from model.layers.event_embedding import EventEmbedding
from model.layers.modality_dropout import ModalityDropout
from model.layers.step_embedding import StepEmbedding
from model.layers.value_encoding import ValueEncoding
from model.layers.with_absent import WithAbsent
from model.runtime.checkpoint import BertConfig

ROWS, PLACES, WIDTH = 3, 4, 6
draw = np.random.default_rng(0)
SEQUENCE = draw.normal(size=(ROWS, PLACES, WIDTH)).astype("float32")
MASK = np.array([[True] * 4, [True, True, False, False], [False] * 4])  # the last row is empty
CODES = np.where(MASK, 3, 0).astype("int32")
STEPS = np.array([[0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]], "int32")
HOURS = np.array([[48.0, 1.0], [9.0, 2.0], [np.nan, np.nan]], "float32")
VALUES = np.array([[1.0, np.nan], [0.0, 4.0], [np.nan, np.nan]], "float32")
EVENTS = SEQUENCE * MASK[..., None]
ALWAYS = np.concatenate([np.ones((ROWS, 1), bool), MASK[:, 1:]], axis=1)
BERT = BertConfig(9, WIDTH, 1, 2, 8)


@dataclass(frozen=True)
class Case:
    """A layer, what it is called with, and the shape it answers with."""

    make: Callable[[], Any]
    given: tuple[Any, ...]
    shape: tuple[int, ...]


CASES = {
    "EventEmbedding": Case(
        lambda: EventEmbedding(5, WIDTH), (CODES, np.where(MASK, 1.5, np.nan)), (3, 4, WIDTH)
    ),
    "CodeBag": Case(CodeBag, (SEQUENCE, MASK), (3, WIDTH)),
    "ValueEncoding": Case(
        lambda: ValueEncoding([[0, 1, 2], [0, 0, 9]], [0, 0], [1, 1]), (VALUES,), (3, 8)
    ),
    "StepEmbedding": Case(
        lambda: StepEmbedding(WIDTH), (EVENTS, CODES, STEPS, HOURS), (3, 3, WIDTH)
    ),
    "CrossAttention": Case(
        lambda: CrossAttention(WIDTH, 2), (SEQUENCE[:, :2], SEQUENCE, ALWAYS), (3, 2, WIDTH)
    ),
    "WithAbsent": Case(WithAbsent, (SEQUENCE, MASK), (3, 5, WIDTH)),
    "ModalityDropout": Case(lambda: ModalityDropout(0.5), (MASK,), (3, 4)),
    "BertBlock": Case(lambda: BertBlock(BERT), (SEQUENCE, ALWAYS), (3, 4, WIDTH)),
}
each_layer = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def answer(layer: Any, given: tuple[Any, ...]) -> np.ndarray:
    found = layer(*given)
    return np.asarray(found[0] if isinstance(found, tuple) else found)


@each_layer
def test_a_layer_answers_in_the_shape_it_says_and_never_with_nan(case: Case) -> None:
    found = answer(case.make(), case.given)

    assert found.shape == case.shape
    assert np.isfinite(found.astype(float)).all()


@each_layer
def test_what_is_learned_gets_a_gradient_that_is_finite(case: Case) -> None:
    import tensorflow as tf

    layer = case.make()
    with tf.GradientTape() as tape:
        found = layer(*case.given)
        found = ops.cast(found[0] if isinstance(found, tuple) else found, "float32")
        loss = ops.sum(ops.square(found + 0.1))
    weights = layer.trainable_variables
    gradients = tape.gradient(loss, [weight.value for weight in weights])

    assert all(gradient is not None for gradient in gradients)
    assert all(np.isfinite(ops.convert_to_numpy(gradient)).all() for gradient in gradients)


@each_layer
def test_a_layer_saved_and_loaded_answers_as_before(case: Case, tmp_path: Path) -> None:
    layer = case.make()
    before = answer(layer, case.given)
    written = json.dumps(keras.saving.serialize_keras_object(layer))
    np.savez(tmp_path / "weights.npz", *layer.get_weights())

    again = keras.saving.deserialize_keras_object(json.loads(written))
    answer(again, case.given)
    with np.load(tmp_path / "weights.npz") as stored:
        again.set_weights([stored[name] for name in stored.files])

    np.testing.assert_array_equal(answer(again, case.given), before)


def test_padded_places_do_not_change_attention_bag_or_steps() -> None:
    for name in ("CrossAttention", "CodeBag", "BertBlock"):
        case = CASES[name]
        layer = case.make()
        *sequences, mask = case.given
        other = [*sequences[:-1], np.where(mask[..., None], sequences[-1], 99.0)]
        if name == "BertBlock":
            real = mask[..., None]
            np.testing.assert_allclose(
                answer(layer, (*other, mask)) * real, answer(layer, case.given) * real, atol=1e-5
            )
        else:
            np.testing.assert_allclose(
                answer(layer, (*other, mask)), answer(layer, case.given), atol=1e-5
            )


def test_an_unknown_value_is_a_flag_and_nothing_else() -> None:
    layer = ValueEncoding([[0.0, 1.0, 3.0]], [0.0], [1.0])

    unknown, two = np.asarray(layer(np.array([[np.nan], [2.0]], "float32")))

    assert unknown.tolist() == [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(two, [0.0, np.log(3.0), 1.0, 0.5], rtol=1e-6)


def test_a_stay_without_codes_is_the_learned_absent_vector() -> None:
    layer = CodeBag()
    layer(SEQUENCE, MASK)
    layer.absent.assign(np.arange(WIDTH, dtype="float32"))

    np.testing.assert_array_equal(np.asarray(layer(SEQUENCE, MASK))[2], np.arange(WIDTH))


def test_a_patient_without_history_has_one_step() -> None:
    layer = StepEmbedding(WIDTH)
    layer(EVENTS, CODES, STEPS, HOURS)
    layer.first.assign(np.full(WIDTH, 7.0))

    np.testing.assert_array_equal(
        np.asarray(layer(EVENTS, CODES, STEPS, HOURS))[2, 0], np.full(WIDTH, 7.0)
    )


def test_modality_dropout_hides_whole_rows_in_training_alone() -> None:
    layer = ModalityDropout(0.5, seed=1)
    mask = np.ones((200, 3), bool)

    kept, hidden = np.asarray(layer(mask)), np.asarray(layer(mask, training=True))

    assert kept.all()
    assert (hidden.all(axis=1) | ~hidden.any(axis=1)).all()
    assert 0.3 < hidden[:, 0].mean() < 0.7


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of heads; got 6 and 4"):
        CrossAttention(6, 4)
