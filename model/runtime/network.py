"""The readmission network's forward pass in NumPy: what the hook runs.

Says the same as `model/network.py`, whose docstring draws the shape; a test holds the two equal.
Why a second saying: docs/decisions/0011.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.runtime.arithmetic import (
    Array,
    attend,
    join_heads,
    layer_norm,
    relu,
    sigmoid,
    split_heads,
)
from model.runtime.config import NetworkConfig
from model.runtime.inputs import Inputs
from model.runtime.normalisation import Normalisation, squash

Mask = NDArray[np.bool_]
LOG_HOURS = np.float32(10.0)
EPSILON = 1e-5


@dataclass(frozen=True)
class RuntimeNetwork:
    """Trained weights and how to run them.

    Attributes:
        config: Sizes.
        normalisation: Edges and scales of the catalogue's values.
        weights: By the paths of `model.network.weights_of`.
    """

    config: NetworkConfig
    normalisation: Normalisation
    weights: Mapping[str, Array]

    def __call__(self, inputs: Inputs) -> Array:
        """Log-odds, (row,)."""
        encoded = encode_values(inputs["values"], self.normalisation)
        stay = np.concatenate([self._values(encoded), self._stay_codes(inputs)], axis=-1)
        states, mask = self._states(inputs)
        last = states[np.arange(len(states)), mask.sum(axis=1) - 1]
        patient = np.concatenate([stay, last], axis=-1)
        seen = self._attention("history", patient[:, None], states, mask)[:, 0]
        read = self._read_notes(inputs, states, mask, patient)
        hidden = relu(self._dense(np.concatenate([patient, seen, read], axis=-1), "joint"))
        return (self._dense(hidden, "answer") + self.wide(encoded, inputs))[:, 0]

    def wide(self, encoded: Array, inputs: Inputs) -> Array:
        """The linear part of the log-odds, (row, 1)."""
        codes = inputs["stay_codes"]
        of_codes = (self.weights["wide_codes/embeddings"][codes] * (codes > 0)[..., None]).sum(
            axis=1
        )
        shown = inputs["note_mask"].astype(np.float32)[..., None]
        count = np.maximum(shown.sum(axis=1), np.float32(1.0))
        mean_note = (inputs["notes"] * shown).sum(axis=1) / count
        of_notes = mean_note @ self.weights["wide_notes/kernel"]
        return encoded @ self.weights["wide_values/kernel"] + of_codes + of_notes

    def _values(self, encoded: Array) -> Array:
        return relu(self._dense(encoded, "values"))

    def _stay_codes(self, inputs: Inputs) -> Array:
        codes = inputs["stay_codes"]
        count = (codes > 0).sum(axis=1, keepdims=True).astype(np.float32)
        summed = self._events(codes).sum(axis=1) / np.sqrt(np.maximum(count, np.float32(1.0)))
        return np.where(count > 0, summed, self.weights["bag/absent"])

    def _events(self, codes: NDArray[np.int32], values: Array | None = None) -> Array:
        present: Array = (codes > 0).astype(np.float32)[..., None]
        events = self.weights["events/embeddings"][codes] * present
        if values is None:
            return events
        known: Array = np.where(np.isnan(values), np.float32(0.0), values)[..., None] * present
        return events + known * self.weights["events/directions"][codes]

    def _states(self, inputs: Inputs) -> tuple[Array, Mask]:
        hours = inputs["step_hours"]
        events = self._events(inputs["event_codes"], inputs["event_values"])
        steps = self._steps(events, inputs["event_codes"], inputs["event_steps"], hours)
        first = np.ones((len(hours), 1), bool)
        return self._gru(steps), np.concatenate([first, ~np.isnan(hours)], axis=1)

    def _steps(
        self, events: Array, codes: NDArray[np.int32], steps: NDArray[np.int32], hours: Array
    ) -> Array:
        belongs = (steps[..., None] == np.arange(hours.shape[1])) & (codes > 0)[..., None]
        belongs = belongs.astype(np.float32)
        count = np.maximum(belongs.sum(axis=1), np.float32(1.0))[..., None]
        summed = belongs.transpose(0, 2, 1) @ events / np.sqrt(count)
        embedded = self._norm(summed + self._dense(times(hours), "steps/time"), "steps/norm")
        first = np.broadcast_to(self.weights["steps/first"], embedded[:, :1].shape)
        return np.concatenate([first, embedded], axis=1)

    def _gru(self, steps: Array) -> Array:
        """Keras's GRU: gates in the order update, reset, candidate; `reset_after=True`."""
        weights = self.weights
        width = self.config.state_width
        of_input, of_state = weights["gru/cell/bias"]
        arriving = steps @ weights["gru/cell/kernel"] + of_input
        state = np.zeros((len(steps), width), np.float32)
        states = np.empty((*steps.shape[:2], width), np.float32)
        for place in range(steps.shape[1]):
            inner = state @ weights["gru/cell/recurrent_kernel"] + of_state
            state = _gated(arriving[:, place], inner, state)
            states[:, place] = state
        return states

    def _read_notes(self, inputs: Inputs, states: Array, mask: Mask, patient: Array) -> Array:
        notes = inputs["notes"]
        recency = self.weights["recency/embeddings"][: notes.shape[1]]
        chunks = self._dense(notes, "note") + recency
        chunks = chunks + self._attention("note_history", chunks, states, mask)
        chunks = self._norm(chunks, "note_norm")
        absent = np.broadcast_to(self.weights["with_absent/absent"], chunks[:, :1].shape)
        always = np.ones((len(notes), 1), bool)
        context = np.concatenate([absent, chunks], axis=1)
        present = np.concatenate([always, inputs["note_mask"]], axis=1)
        return self._attention("notes", patient[:, None], context, present)[:, 0]

    def _attention(self, name: str, queries: Array, context: Array, mask: Mask) -> Array:
        query = split_heads(self._dense(queries, f"{name}/query"), self.config.heads)
        key = split_heads(self._dense(context, f"{name}/key"), self.config.heads)
        value = split_heads(self._dense(context, f"{name}/value"), self.config.heads)
        return self._dense(join_heads(attend(query, key, value, mask)), f"{name}/answer")

    def _dense(self, x: Array, name: str) -> Array:
        return x @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]

    def _norm(self, x: Array, name: str) -> Array:
        gain, shift = self.weights[f"{name}/gamma"], self.weights[f"{name}/beta"]
        return layer_norm(x, gain, shift, EPSILON)


def _gated(arriving: Array, inner: Array, state: Array) -> Array:
    update_in, reset_in, candidate_in = np.split(arriving, 3, axis=-1)
    update_inner, reset_inner, candidate_inner = np.split(inner, 3, axis=-1)
    update = sigmoid(update_in + update_inner)
    reset = sigmoid(reset_in + reset_inner)
    candidate = np.tanh(candidate_in + reset * candidate_inner)
    return update * state + (np.float32(1.0) - update) * candidate


def times(hours: Array) -> Array:
    """Logarithms of the age of each step and of its gap to the one before, (row, step, 2)."""
    age = np.where(np.isnan(hours), np.float32(0.0), hours)
    before = np.concatenate([age[:, :1], age[:, :-1]], axis=1)
    gap = np.maximum(before - age, np.float32(0.0))
    return np.log1p(np.stack([age, gap], axis=-1)) / LOG_HOURS


def encode_values(values: Array, scales: Normalisation) -> Array:
    """Unknown flag, standardised logarithm and pieces of each value: (row, feature * 14)."""
    unknown = np.isnan(values)
    known = np.where(unknown, np.float32(0.0), values)
    edges = scales.edges.astype(np.float32)
    z = (squash(known) - scales.mean.astype(np.float32)) / scales.scale.astype(np.float32)
    width = np.diff(edges, axis=1)
    share = (known[..., None] - edges[:, :-1]) / np.where(width > 0, width, np.float32(1.0))
    pieces = np.clip(share, 0.0, 1.0) * (width > 0)
    read = np.where(unknown[..., None], 0.0, np.concatenate([z[..., None], pieces], axis=-1))
    encoded = np.concatenate([unknown[..., None], read], axis=-1)
    return encoded.reshape(len(values), -1).astype(np.float32)
