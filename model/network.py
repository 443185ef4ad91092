"""The readmission network: stay values and codes, a GRU over the history, notes by attention.

    values ─ ValueEncoding ─┬─ dense ──────────────┐
    stay codes ─ CodeBag ───┼──────────────────────┤
    events ─ StepEmbedding ─┼─ GRU ─┬─ last ───────┼─ dense ─ dense ─┐
                            │       └─ attended by │                 ├─ log-odds
    notes ─ dense ─ ask GRU states ─ attended by ──┘                 │
                            └─ wide: a weight for each value, code, note dimension

The wide part alone is a logistic regression; the deep part starts at zero beside it. Why this
shape: docs/decisions/0010. Its forward pass is said once more in NumPy (`runtime/network.py`).
"""

import re
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from model.layers.code_bag import CodeBag
from model.layers.cross_attention import CrossAttention
from model.layers.event_embedding import EventEmbedding
from model.layers.modality_dropout import ModalityDropout
from model.layers.step_embedding import StepEmbedding
from model.layers.value_encoding import ValueEncoding
from model.layers.with_absent import WithAbsent
from model.runtime.config import NetworkConfig
from model.runtime.normalisation import Normalisation

Tensor = Any
dense = keras.layers.Dense


class ReadmissionNetwork(keras.Model):
    """Log-odds of an unplanned readmission within 30 days, (batch, 1).

    Args:
        config: Sizes.
        normalisation: Edges and scales of the catalogue's values.
        seed: Of dropout.

    Call arguments:
        inputs: The arrays of `model.runtime.inputs`.
        training: Whether dropout and modality dropout act.
    """

    def __init__(self, config: NetworkConfig, normalisation: Normalisation, seed: int = 0) -> None:
        super().__init__(name="network")
        self.config = config
        scales = (normalisation.edges, normalisation.mean, normalisation.scale)
        self.encoding = ValueEncoding(*scales, name="encoding")
        self._add_stay(config)
        self._add_history(config)
        self._add_notes(config, seed)
        self._add_answer(config, seed)

    def _add_stay(self, config: NetworkConfig) -> None:
        self.values = dense(config.value_width, activation="relu", name="values")
        self.events = EventEmbedding(config.codes, config.code_width, name="events")
        self.bag = CodeBag(name="bag")

    def _add_history(self, config: NetworkConfig) -> None:
        self.steps = StepEmbedding(config.code_width, name="steps")
        self.gru = keras.layers.GRU(config.state_width, return_sequences=True, name="gru")
        self.history = CrossAttention(config.state_width, config.heads, name="history")

    def _add_notes(self, config: NetworkConfig, seed: int) -> None:
        self.note = dense(config.state_width, name="note")
        self.recency = keras.layers.Embedding(
            config.max_chunks, config.state_width, embeddings_initializer="zeros", name="recency"
        )
        self.note_history = CrossAttention(config.state_width, config.heads, name="note_history")
        self.note_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="note_norm")
        self.with_absent = WithAbsent(name="with_absent")
        self.notes = CrossAttention(config.state_width, config.heads, name="notes")
        self.hide_notes = ModalityDropout(config.modality_dropout, seed, name="hide_notes")
        self.hide_history = ModalityDropout(config.modality_dropout, seed + 1, name="hide_history")

    def _add_answer(self, config: NetworkConfig, seed: int) -> None:
        self.drop_joint = keras.layers.Dropout(config.dropout, seed=seed, name="drop_joint")
        self.joint = dense(config.head_width, activation="relu", name="joint")
        self.drop_answer = keras.layers.Dropout(config.dropout, seed=seed + 1, name="drop_answer")
        self.answer = dense(1, kernel_initializer="zeros", name="answer")
        zeros = {"kernel_initializer": "zeros", "use_bias": False}
        self.wide_values = dense(1, **zeros, name="wide_values")
        self.wide_notes = dense(1, **zeros, name="wide_notes")
        self.wide_codes = keras.layers.Embedding(
            config.codes, 1, embeddings_initializer="zeros", name="wide_codes"
        )

    def call(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        note_mask = self.hide_notes(inputs["note_mask"], training=training)
        encoded = self.encoding(inputs["values"])
        stay = ops.concatenate([self.values(encoded), self._stay_codes(inputs)], axis=-1)
        states, mask = self._states(inputs, training)
        last = last_state(states, mask)
        patient = ops.concatenate([stay, last], axis=-1)
        seen = self.history(patient[:, None], states, mask)[:, 0]
        read = self._read_notes(inputs["notes"], note_mask, states, mask, patient)
        joint = self.drop_joint(ops.concatenate([patient, seen, read], axis=-1), training=training)
        hidden = self.drop_answer(self.joint(joint), training=training)
        return self.answer(hidden) + self._wide(encoded, inputs, note_mask)

    def _stay_codes(self, inputs: dict[str, Tensor]) -> Tensor:
        codes = inputs["stay_codes"]
        return self.bag(self.events(codes), codes > 0)

    def _states(self, inputs: dict[str, Tensor], training: bool) -> tuple[Tensor, Tensor]:
        """The GRU's state after each step, and which steps are real; the first always is."""
        codes, hours = inputs["event_codes"], inputs["step_hours"]
        events = self.events(codes, inputs["event_values"])
        steps = self.steps(events, codes, inputs["event_steps"], hours)
        real = self.hide_history(ops.logical_not(ops.isnan(hours)), training=training)
        mask = ops.concatenate([ops.ones_like(real[:, :1]), real], axis=1)
        return self.gru(steps), mask

    def _read_notes(
        self, notes: Tensor, note_mask: Tensor, states: Tensor, mask: Tensor, patient: Tensor
    ) -> Tensor:
        places = ops.arange(ops.shape(notes)[1])
        chunks = self.note(notes) + self.recency(places)[None]
        chunks = self.note_norm(chunks + self.note_history(chunks, states, mask))
        context, present = self.with_absent(chunks, note_mask)
        return self.notes(patient[:, None], context, present)[:, 0]

    def _wide(self, encoded: Tensor, inputs: dict[str, Tensor], note_mask: Tensor) -> Tensor:
        codes = inputs["stay_codes"]
        present = ops.cast(codes > 0, "float32")[..., None]
        of_codes = ops.sum(self.wide_codes(codes) * present, axis=1)  # (batch, 1)
        shown = ops.cast(note_mask, "float32")[..., None]
        count = ops.maximum(ops.sum(shown, axis=1), 1.0)
        mean_note = ops.sum(inputs["notes"] * shown, axis=1) / count
        return self.wide_values(encoded) + of_codes + self.wide_notes(mean_note)


def last_state(states: Tensor, mask: Tensor) -> Tensor:
    """The state after the last real step, (batch, width); padding stands on the right."""
    count = ops.sum(ops.cast(mask, "int32"), axis=1)
    chosen = ops.one_hot(count - 1, ops.shape(states)[1])
    return ops.einsum("bs,bsw->bw", chosen, states)


def weights_of(network: ReadmissionNetwork) -> dict[str, NDArray[np.float32]]:
    """Every weight by its path, such as `gru/cell/kernel`; what `runtime/network.py` reads."""
    return {
        plain_path(weight.path): np.asarray(ops.convert_to_numpy(weight), np.float32)
        for weight in network.trainable_variables
    }


def plain_path(path: str) -> str:
    """A Keras path without the network's name and the numbers Keras adds to tell twins apart."""
    return re.sub(r"gru_cell(_\d+)?", "cell", path.partition("/")[2])
