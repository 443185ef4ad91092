"""Which backend Keras trains with, said before Keras is first imported."""

import os


def choose_backend() -> None:
    """TensorFlow unless `KERAS_BACKEND` names another; its start-up chatter is silenced."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
