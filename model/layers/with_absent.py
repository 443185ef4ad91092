"""A sequence that may be empty, made never empty."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="homeward")
class WithAbsent(keras.layers.Layer):
    """The sequence with a learned `absent` vector before it, to attend to when all else is padding.

    Call arguments:
        sequence: float, (batch, place, width).
        mask: bool, (batch, place). False where there is padding; may be all False.

    Returns:
        float, (batch, 1 + place, width) and bool, (batch, 1 + place), its first column True.
    """

    def build(self, sequence_shape: Any, *_shapes: Any) -> None:
        width = sequence_shape[-1]
        self.absent = self.add_weight(name="absent", shape=(width,), initializer="random_normal")

    def call(self, sequence: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        absent = ops.zeros_like(sequence[:, :1]) + self.absent
        always = ops.ones_like(mask[:, :1])
        longer = ops.concatenate([absent, sequence], axis=1)
        return longer, ops.concatenate([always, mask], axis=1)
