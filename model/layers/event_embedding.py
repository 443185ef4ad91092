"""A coded event as a vector: what it is, moved along its own direction by how high it was."""

from typing import Any

import keras
from keras import ops

Tensor = Any  # Keras ships no types; the shapes stand in the docstrings


@keras.saving.register_keras_serializable(package="homeward")
class EventEmbedding(keras.layers.Layer):
    """The embedding of a code plus its number times the code's direction.

        event = embedding(code) + value * direction(code)

    The direction starts at zero: a number means nothing until data say otherwise.

    Args:
        codes: Size of the vocabulary; id 0 is padding.
        width: Width of an event.

    Call arguments:
        codes: int, (batch, event). 0 where there is padding.
        values: float, (batch, event). Standard deviations from the code's mean; NaN where the
            event has no number. None: no event has one.

    Returns:
        float, (batch, event, width). Zeros where there is padding, never NaN.
    """

    def __init__(self, codes: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes, self.width = codes, width

    def build(self, *_shapes: Tensor) -> None:
        start = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        shape = (self.codes, self.width)
        self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer=start)
        self.directions = self.add_weight(name="directions", shape=shape, initializer="zeros")

    def call(self, codes: Tensor, values: Tensor | None = None) -> Tensor:
        events = ops.take(self.embeddings, codes, axis=0)  # (batch, event, width)
        if values is not None:
            known = ops.where(ops.isnan(values), 0.0, values)[..., None]
            events = events + known * ops.take(self.directions, codes, axis=0)
        return events * ops.cast(codes > 0, events.dtype)[..., None]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "codes": self.codes, "width": self.width}
