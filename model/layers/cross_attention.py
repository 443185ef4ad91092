"""Let one sequence ask another: notes ask the history, the patient asks notes and history."""

from typing import Any

import keras
from keras import ops

Tensor = Any

FAR_BELOW = -1e9


@keras.saving.register_keras_serializable(package="homeward")
class CrossAttention(keras.layers.Layer):
    """Multi-head scaled dot-product attention, https://arxiv.org/abs/1706.03762.

    Args:
        width: Width of the answer; divisible by `heads`.
        heads: How many questions are asked side by side.

    Call arguments:
        queries: float, (batch, query, any width).
        context: float, (batch, place, any width).
        mask: bool, (batch, place). False where there is padding; every row has one True, which
            a learned first step or absent vector sees to.

    Returns:
        float, (batch, query, width).
    """

    def __init__(self, width: int, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads; got {width} and {heads}")
        self.width, self.heads = width, heads
        self.query, self.key, self.value, self.answer = (
            keras.layers.Dense(width, name=name) for name in ("query", "key", "value", "answer")
        )

    def build(self, queries_shape: Any, context_shape: Any, *_shapes: Any) -> None:
        self.query.build((None, None, queries_shape[-1]))
        self.key.build((None, None, context_shape[-1]))
        self.value.build((None, None, context_shape[-1]))
        self.answer.build((None, None, self.width))

    def call(self, queries: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            self._split(asked)
            for asked in (self.query(queries), self.key(context), self.value(context))
        )
        scores = ops.einsum("bhqw,bhpw->bhqp", query, key) * (self.width // self.heads) ** -0.5
        scores = ops.where(mask[:, None, None, :], scores, FAR_BELOW)
        attended = ops.einsum("bhqp,bhpw->bqhw", ops.softmax(scores, axis=-1), value)
        shape = (-1, ops.shape(queries)[1], self.width)
        return self.answer(ops.reshape(attended, shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads}

    def _split(self, x: Tensor) -> Tensor:
        shape = (-1, ops.shape(x)[1], self.heads, self.width // self.heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))
