"""The network: NumPy says what Keras says, whoever the patient and whatever the padding."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from etl.features.catalogue import NAMES
from model.dataset import learn_vocabulary
from model.network import ReadmissionNetwork, weights_of
from model.runtime.config import NetworkConfig
from model.runtime.inputs import Inputs, Notes, encode, pack
from model.runtime.network import RuntimeNetwork
from model.runtime.normalisation import learn
from model.runtime.ragged import offsets, ragged_of
from tests.support.features import NOTE_WIDTH, drawn_rows, empty_row


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """Thirty drawn patients with notes, and a last one of whom nothing is known."""
    return _inputs()[0]


@pytest.fixture(scope="module")
def pair() -> tuple[ReadmissionNetwork, RuntimeNetwork]:
    """One network twice: in Keras, and in NumPy with the same weights, none of them zero."""
    given, scales, codes = _inputs()
    config = NetworkConfig(len(NAMES), codes, NOTE_WIDTH, 8, 8, 8, 2, 8)
    network = ReadmissionNetwork(config, scales)
    network(given)
    draw = np.random.default_rng(2)
    for weight in network.trainable_variables:
        weight.assign(weight + draw.normal(0.0, 0.2, weight.shape))
    return network, RuntimeNetwork(config, scales, weights_of(network))


def _inputs() -> tuple[Inputs, Any, int]:
    rows = [*drawn_rows(30), empty_row()]
    ragged = ragged_of(rows)
    vocabulary = learn_vocabulary(ragged, 1)
    ids = np.array(vocabulary.ids_of(ragged.codes), np.int64)
    scales = learn(ragged, NAMES, ids, len(vocabulary))
    scales = replace(scales, note_mean=np.zeros(NOTE_WIDTH), note_scale=np.ones(NOTE_WIDTH))
    lengths = [2 * len(row.note_keys) for row in rows]
    table = np.random.default_rng(1).normal(size=(sum(lengths), NOTE_WIDTH)).astype("float32")
    notes = Notes(table, np.arange(len(table)), offsets(lengths))
    data = encode(ragged, notes, vocabulary, scales)
    return pack(data, np.arange(len(rows))), scales, len(vocabulary)


Pair = tuple[ReadmissionNetwork, RuntimeNetwork]


def test_numpy_gives_the_log_odds_of_keras(inputs: Inputs, pair: Pair) -> None:
    network, runtime = pair

    by_keras = np.asarray(network(inputs))[:, 0]

    assert np.ptp(by_keras) > 0.5
    np.testing.assert_allclose(runtime(inputs), by_keras, atol=1e-5)


@pytest.mark.parametrize("hidden", ["notes", "history", "values", "codes"])
def test_a_patient_who_lacks_one_kind_of_input_is_scored_alike_in_both(
    inputs: Inputs, pair: Pair, hidden: str
) -> None:
    network, runtime = pair
    without = {name: array.copy() for name, array in inputs.items()}
    blank = {"notes": ("note_mask", False), "history": ("step_hours", np.nan)}
    name, value = blank.get(hidden, ("values", np.nan) if hidden == "values" else ("stay_codes", 0))
    without[name][:] = value

    found = runtime(without)

    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, np.asarray(network(without))[:, 0], atol=1e-5)


def test_more_padding_changes_no_answer(inputs: Inputs, pair: Pair) -> None:
    _, runtime = pair
    fill = {"event_values": np.nan, "step_hours": np.nan}
    longer = {
        name: array if name == "values" else _padded(array, fill.get(name, 0))
        for name, array in inputs.items()
    }

    np.testing.assert_allclose(runtime(longer), runtime(inputs), atol=1e-5)


def test_the_order_of_a_patients_codes_changes_no_answer(inputs: Inputs, pair: Pair) -> None:
    _, runtime = pair
    turned = {**inputs, "stay_codes": inputs["stay_codes"][:, ::-1]}

    np.testing.assert_allclose(runtime(turned), runtime(inputs), atol=1e-5)


def test_every_weight_learns_something(inputs: Inputs, pair: Pair) -> None:
    import tensorflow as tf

    network, _ = pair
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(inputs, training=False)))
    weights = network.trainable_variables
    gradients = tape.gradient(loss, [weight.value for weight in weights])

    assert [w.path for w, g in zip(weights, gradients, strict=True) if g is None] == []


def _padded(array: np.ndarray, fill: float) -> np.ndarray:
    shape = (len(array), 2, *array.shape[2:])
    return np.concatenate([array, np.full(shape, fill).astype(array.dtype)], axis=1)
