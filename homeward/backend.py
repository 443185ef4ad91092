"""Which backend Keras trains with, said before Keras is first imported."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager


def choose_backend() -> None:
    """TensorFlow unless `KERAS_BACKEND` names another; its start-up chatter is silenced."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _standard_error_closed():
        importlib.import_module("keras")


@contextmanager
def _standard_error_closed() -> Iterator[None]:
    """TensorFlow writes to the descriptor before any logger can be told; exceptions still rise."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
