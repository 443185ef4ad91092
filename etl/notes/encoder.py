"""What the jobs ask of a note encoder; the network that answers lives two floors up.

The front door hands a factory down. It is pickled, travels to the executors, and is called
once in each worker process.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Turns the text of one note into vectors."""

    @property
    def hash(self) -> str:
        """Digest of the weights and vocabulary; vectors of another hash are never mixed in."""
        ...

    def encode(self, text: str) -> NDArray[np.float32]:
        """One vector for each chunk of the text: float32, (chunks, width)."""
        ...


EncoderFactory = Callable[[], Encoder]
