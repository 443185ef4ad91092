"""Train one network, from the regression or from nothing: AdamW, moving average, early stopping.

Works with any Keras backend: nothing but `train_on_batch` and `predict_on_batch` is asked of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from model.baselines import Regression
from model.dataset import Dataset, batches_in_order, training_batches
from model.metrics import Floats, log_loss, logit
from model.network import ReadmissionNetwork
from model.options import TrainOptions
from model.runtime.arithmetic import sigmoid
from model.runtime.config import NetworkConfig
from model.runtime.inputs import pack
from model.runtime.normalisation import EDGES
from model.split import Part

Progress = Callable[[str], None]

SCORING_BATCH = 2048
STEPS_AN_EPOCH = 40  # at least; small data get small batches
SMALLEST_BATCH = 32
WARM_UP = 0.1  # of all steps


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data came to, in nats."""

    number: int
    train_loss: float
    valid_loss: float


def fit(
    data: Dataset, start: Regression | None, options: TrainOptions, seed: int, progress: Progress
) -> tuple[ReadmissionNetwork, list[Epoch]]:
    """A trained network and its epochs; epoch 0 is what it starts from.

    Begun at the regression it is never chosen worse than that; begun at the base rate (`start`
    None) it finds other answers, where there are rows enough. The weights kept are those of the
    epoch with the least validation log loss, unrounded.
    """
    keras.utils.set_random_seed(seed)
    network = begin(data, start, options, seed)
    size = batch_size(len(data.parts["train"]), options.batch)
    optimizer = compile_network(network, data, options, size)
    draw = np.random.default_rng(seed)
    best = [network.get_weights()]
    epochs = [Epoch(0, float("nan"), valid_loss(network, data))]
    for number in range(1, options.epochs + 1):
        loss = _one_epoch(network, data, size, draw)
        raw = network.get_weights()
        optimizer.finalize_variable_values(network.trainable_variables)  # the moving average
        epochs.append(Epoch(number, loss, valid_loss(network, data)))
        progress(f"epoch {number}: train {loss:.4f}, valid {epochs[-1].valid_loss:.4f}")
        if epochs[-1].valid_loss <= min(epoch.valid_loss for epoch in epochs):
            best = [network.get_weights()]
        network.set_weights(raw)
        if stalled(epochs, options.patience):
            break
    network.set_weights(best[0])
    return network, epochs


def stalled(epochs: list[Epoch], patience: int) -> bool:
    """Whether the last `patience` epochs all failed to improve on the best before them."""
    losses = [epoch.valid_loss for epoch in epochs]
    return len(losses) - 1 - int(np.argmin(losses)) >= patience


def batch_size(rows: int, wanted: int) -> int:
    """`wanted`, or less where the epoch would have too few steps to learn anything."""
    return max(SMALLEST_BATCH, min(wanted, rows // STEPS_AN_EPOCH))


def begin(
    data: Dataset, start: Regression | None, options: TrainOptions, seed: int
) -> ReadmissionNetwork:
    """An untrained network that answers as the regression does, or the base rate to everybody."""
    config = NetworkConfig(
        features=len(data.normalisation.features),
        codes=len(data.vocabulary),
        note_width=data.examples.notes.table.shape[1],
        dropout=options.dropout,
        modality_dropout=options.modality_dropout,
    )
    network = ReadmissionNetwork(config, data.normalisation, seed)
    network(pack(data.encoded, data.parts["train"][:2]))
    if start is None:
        network.answer.bias.assign([logit(data.labels("train").mean())])
    else:
        _warm_start(network, start)
    return network


def compile_network(
    network: ReadmissionNetwork, data: Dataset, options: TrainOptions, size: int
) -> Any:
    """Give the network its loss and optimizer; the optimizer is returned for its average."""
    steps = -(-len(data.parts["train"]) // size) * options.epochs
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=options.learning_rate / 10,
        decay_steps=steps,
        warmup_target=options.learning_rate,
        warmup_steps=int(WARM_UP * steps),
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=options.weight_decay,
        use_ema=True,
        ema_momentum=options.ema,
        global_clipnorm=1.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["wide_", "bias", "absent", "gamma", "beta"])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(optimizer, loss, jit_compile=keras.backend.backend() == "jax")
    return optimizer


def predict_logits(network: ReadmissionNetwork, data: Dataset, part: Part) -> Floats:
    """Log-odds of every row of the part, in its order."""
    rows = data.parts[part]
    logits = np.empty(len(rows))
    for places, inputs in batches_in_order(data.encoded, rows, SCORING_BATCH):
        logits[places] = network.predict_on_batch(inputs)[:, 0]
    return logits


def valid_loss(network: ReadmissionNetwork, data: Dataset) -> float:
    """Log loss on the validation part, in nats, not rounded."""
    given = sigmoid(predict_logits(network, data, "valid"))
    return log_loss(data.labels("valid"), given, np.ones(len(given)))


def _one_epoch(
    network: ReadmissionNetwork, data: Dataset, size: int, draw: np.random.Generator
) -> float:
    losses = [
        float(network.train_on_batch(inputs, labels))
        for inputs, labels in training_batches(data, size, draw)
    ]
    return float(np.mean(losses))


def _warm_start(network: ReadmissionNetwork, start: Regression) -> None:
    """Copy the regression into the wide part: flags, standardised values, codes, intercept."""
    features = network.config.features
    weights = start.fitted.coef_[0]
    values = np.zeros((features, EDGES + 1))
    values[:, 0], values[:, 1] = weights[:features], weights[features : 2 * features]
    network.wide_values.kernel.assign(values.reshape(-1, 1))
    network.wide_codes.embeddings.assign(weights[2 * features :].reshape(-1, 1))
    network.answer.bias.assign(start.fitted.intercept_)
