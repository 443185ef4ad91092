"""Catalogue numbers as the network reads them: unknown or not, how far from usual, which piece."""

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="homeward")
class ValueEncoding(keras.layers.Layer):
    """Each number as 1 if unknown, its standardised logarithm, and how full each piece is.

        piece(k) = clip((x - edge(k)) / (edge(k + 1) - edge(k)), 0, 1)

    A piece between two equal edges is always 0. An unknown number is 1 followed by zeros.
    https://arxiv.org/abs/2203.05556 (piecewise linear encoding); nothing here is learned by
    gradient: the edges come from the training rows (`model.runtime.normalisation`).

    Args:
        edges: (feature, edge), ascending.
        mean: (feature,) of sign(x) * log(1 + |x|).
        scale: (feature,) its standard deviation, above 0.

    Call arguments:
        values: float, (batch, feature). NaN where unknown.

    Returns:
        float, (batch, feature * (1 + edge)). Never NaN.
    """

    def __init__(self, edges: Any, mean: Any, scale: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edges, self.mean, self.scale = (
            np.asarray(given, "float32") for given in (edges, mean, scale)
        )

    def call(self, values: Tensor) -> Tensor:
        unknown = ops.isnan(values)
        known = ops.where(unknown, 0.0, values)
        z = (ops.sign(known) * ops.log1p(ops.abs(known)) - self.mean) / self.scale
        low, width = self.edges[:, :-1], np.diff(self.edges, axis=1)
        share = (known[..., None] - low) / np.where(width > 0, width, 1.0)
        pieces = ops.clip(share, 0.0, 1.0) * (width > 0).astype("float32")
        read = ops.concatenate([z[..., None], pieces], axis=-1)
        read = ops.where(unknown[..., None], 0.0, read)  # (batch, feature, edge)
        flag = ops.cast(unknown, read.dtype)[..., None]
        features, edges = self.edges.shape
        encoded = ops.concatenate([flag, read], axis=-1)
        return ops.reshape(encoded, (-1, features * (edges + 1)))

    def get_config(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name).tolist() for name in ("edges", "mean", "scale")}
        return {**super().get_config(), **arrays}
