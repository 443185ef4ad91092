"""A patient's events as a sequence of steps in time, which is never empty."""

from typing import Any

import keras
from keras import ops

Tensor = Any

LOG_HOURS = 10.0  # log(1 + hours) of two and a half years; brings times near 1


@keras.saving.register_keras_serializable(package="homeward")
class StepEmbedding(keras.layers.Layer):
    """Events summed by step, beside how long ago the step was and how long after the one before.

    A learned first step stands before every sequence. So a patient without history has a
    sequence of one, and no recurrent layer ever meets a row that is all padding
    (https://github.com/tensorflow/tensorflow/issues/43103).

    Args:
        width: Width of a step; that of the events.

    Call arguments:
        events: float, (batch, event, width). Zeros where there is padding.
        codes: int, (batch, event). 0 where there is padding.
        steps: int, (batch, event). The step each event belongs to, from 0.
        hours: float, (batch, step). Hours before the prediction, oldest first; NaN where padding.

    Returns:
        float, (batch, 1 + step, width). Padding stays on the right.
    """

    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.time = keras.layers.Dense(width, name="time")
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")

    def build(self, *_shapes: Tensor) -> None:
        self.time.build((None, None, 2))
        self.norm.build((None, None, self.width))
        self.first = self.add_weight(name="first", shape=(self.width,), initializer="zeros")

    def call(self, events: Tensor, codes: Tensor, steps: Tensor, hours: Tensor) -> Tensor:
        belongs = (
            ops.one_hot(steps, ops.shape(hours)[1]) * ops.cast(codes > 0, "float32")[..., None]
        )
        count = ops.maximum(ops.sum(belongs, axis=1), 1.0)[..., None]  # (batch, step, 1)
        summed = ops.einsum("bes,bew->bsw", belongs, events) / ops.sqrt(count)
        embedded = self.norm(summed + self.time(times(hours)))
        first = ops.zeros_like(embedded[:, :1]) + self.first
        return ops.concatenate([first, embedded], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


def times(hours: Tensor) -> Tensor:
    """Logarithms of the age of each step and of its gap to the one before, (batch, step, 2)."""
    age = ops.where(ops.isnan(hours), 0.0, hours)
    before = ops.concatenate([age[:, :1], age[:, :-1]], axis=1)
    gap = ops.maximum(before - age, 0.0)
    return ops.log1p(ops.stack([age, gap], axis=-1)) / LOG_HOURS
