"""A stay's distinct codes as one vector, whatever their number and order."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="homeward")
class CodeBag(keras.layers.Layer):
    """Sum of the events over the square root of their number.

    The square root keeps the spread of the sum alike for short and long stays while the number
    of codes still tells. A stay without codes is a learned vector of its own.

    Call arguments:
        events: float, (batch, code, width).
        mask: bool, (batch, code). False where there is padding.

    Returns:
        float, (batch, width). The learned `absent` vector for a stay without codes.
    """

    def build(self, events_shape: Any, *_shapes: Any) -> None:
        self.absent = self.add_weight(name="absent", shape=(events_shape[-1],), initializer="zeros")

    def call(self, events: Tensor, mask: Tensor) -> Tensor:
        present = ops.cast(mask, events.dtype)
        count = ops.sum(present, axis=1, keepdims=True)  # (batch, 1)
        summed = ops.einsum("bc,bcw->bw", present, events) / ops.sqrt(ops.maximum(count, 1.0))
        return ops.where(count > 0, summed, self.absent)
