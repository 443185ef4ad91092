"""What the tests of the model share: one trained model, and little checkpoints to read."""

from pathlib import Path

import pytest

from tests.support.checkpoints import write_checkpoint
from tests.support.features import drawn_snapshot


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn snapshot of 600 discharges."""
    return drawn_snapshot(tmp_path_factory.mktemp("snapshot"))


@pytest.fixture(scope="session")
def trained(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefact of a short training on the drawn snapshot; tests must not change it."""
    from model.options import TrainOptions
    from model.train import train

    options = TrainOptions(epochs=2, draws=30, threads=1)
    return train(snapshot, tmp_path_factory.mktemp("models") / "first", options)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A little BERT directory with random weights."""
    return write_checkpoint(tmp_path / "checkpoint")
