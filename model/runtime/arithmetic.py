"""The few operations that both forward passes are made of, in NumPy and float32."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

Array = NDArray[np.float32]

FAR_BELOW = np.float32(-1e9)  # added to a masked attention score: its weight becomes exactly 0


def gelu(x: Array) -> Array:
    """The exact Gaussian error linear unit, not its tanh approximation (which is off by 1e-3)."""
    half = np.float32(0.5)
    return half * x * (np.float32(1.0) + erf(x * np.float32(1.0 / math.sqrt(2.0))))


def relu(x: Array) -> Array:
    """The positive part of `x`."""
    return np.maximum(x, np.float32(0.0))


def sigmoid(x: Any) -> Any:
    """The logistic function, without overflow."""
    return expit(x)


def softmax(x: Array) -> Array:
    """Weights over the last axis that add up to 1."""
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def layer_norm(x: Array, gain: Array, shift: Array, epsilon: float) -> Array:
    """`x` with mean 0 and variance 1 over its last axis, then scaled and shifted."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(epsilon)) * gain + shift


def split_heads(x: Array, heads: int) -> Array:
    """(batch, position, width) to (batch, head, position, width of a head)."""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)


def join_heads(x: Array) -> Array:
    """(batch, head, position, width of a head) back to (batch, position, width)."""
    batch, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * width)


def attend(queries: Array, keys: Array, values: Array, mask: NDArray[np.bool_]) -> Array:
    """Scaled dot-product attention.

    Args:
        queries: (batch, head, query, width).
        keys: (batch, head, context, width).
        values: (batch, head, context, width).
        mask: (batch, context), False where the context is padding; one True at least a row.

    Returns:
        (batch, head, query, width).
    """
    scores = queries @ keys.transpose(0, 1, 3, 2) * np.float32(queries.shape[-1] ** -0.5)
    scores = np.where(mask[:, None, None, :], scores, FAR_BELOW)
    return softmax(scores) @ values
