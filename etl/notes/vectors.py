"""Note vectors as bytes: how they rest in Postgres and in a snapshot.

Half precision halves the table and moves no score that matters; training and serving read the
same bytes, so both see the same numbers.
"""

import numpy as np
from numpy.typing import NDArray

HALF = np.dtype("<f2")


def pack(vectors: NDArray[np.float32]) -> bytes:
    """Little-endian float16 bytes of a (chunks, width) array, row by row.

    Raises:
        ValueError: The array is not two-dimensional, or holds what float16 cannot.
    """
    if vectors.ndim != 2 or not np.isfinite(half := _halved(vectors)).all():
        raise ValueError(
            f"note vectors of shape {vectors.shape} must be (chunks, width) and finite in float16; "
            "check the encoder"
        )
    return half.tobytes()


def unpack(data: bytes, chunks: int, width: int) -> NDArray[np.float32]:
    """The (chunks, width) float32 array that `pack` made bytes of, rounded to half precision.

    >>> unpack(pack(np.array([[1.5, -2.0]], np.float32)), chunks=1, width=2).tolist()
    [[1.5, -2.0]]
    """
    return np.frombuffer(data, HALF).reshape(chunks, width).astype(np.float32)


def _halved(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):  # too large becomes infinite, and is refused above
        return vectors.astype(HALF)
