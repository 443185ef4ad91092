"""A note encoder that a test can predict, in a module that Spark's workers can import."""

import numpy as np
from numpy.typing import NDArray

WIDTH = 4
CHUNK = 20  # characters


class LengthEncoder:
    """Encodes a text as the lengths of its chunks; knows nothing and needs no weights."""

    hash = "length-encoder"

    def encode(self, text: str) -> NDArray[np.float32]:
        """One row a chunk of 20 characters, its length in every column."""
        lengths = [len(text[start : start + CHUNK]) for start in range(0, len(text), CHUNK)]
        return np.repeat(np.array(lengths, np.float32)[:, None], WIDTH, axis=1)


class OtherEncoder(LengthEncoder):
    """The same numbers under another hash."""

    hash = "other-encoder"


class FailingEncoder(LengthEncoder):
    """Chokes on every text and quotes it."""

    def encode(self, text: str) -> NDArray[np.float32]:
        """Never answers.

        Raises:
            ValueError: Always, with the text.
        """
        raise ValueError(text)
