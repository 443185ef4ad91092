"""Hide a whole kind of input from some patients in training, as real life does."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="homeward")
class ModalityDropout(keras.layers.Layer):
    """In training, all of a row's mask becomes False with probability `rate`; else it is kept.

    What stands for an absent modality is thus learned from every kind of patient, and not from
    those alone who have no notes because they were never ill.

    Args:
        rate: Share of rows, 0 to below 1.
        seed: Of the choice of rows.

    Call arguments:
        mask: bool, (batch, place).
        training: Whether to hide anything.

    Returns:
        bool, (batch, place).
    """

    def __init__(self, rate: float, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, mask: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return mask
        drawn = keras.random.uniform((ops.shape(mask)[0], 1), seed=self.draws)
        return ops.logical_and(mask, drawn >= self.rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
