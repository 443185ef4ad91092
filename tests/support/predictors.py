"""A real predictor with random weights: what serving needs of a model, without a training."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from etl.features.catalogue import NAMES, SCHEMA_HASH
from model.predictor import Predictor
from model.runtime.artefact import ENCODER, Artefact
from model.runtime.calibration import Calibration
from model.runtime.config import NetworkConfig
from model.runtime.inputs import Notes, encode, pack
from model.runtime.network import RuntimeNetwork
from model.runtime.normalisation import learn
from model.runtime.ragged import offsets, ragged_of
from tests.support.checkpoints import WIDTH, write_checkpoint
from tests.support.features import drawn_rows


def untrained_predictor(folder: Path) -> Predictor:
    """Scales and codes of drawn patients, weights by chance, and a little note encoder."""
    from model.dataset import learn_vocabulary
    from model.network import ReadmissionNetwork, weights_of

    write_checkpoint(folder / ENCODER)
    rows = drawn_rows(30)
    ragged = ragged_of(rows)
    vocabulary = learn_vocabulary(ragged, 1)
    ids = np.array(vocabulary.ids_of(ragged.codes), np.int64)
    scales = learn(ragged, NAMES, ids, len(vocabulary))
    scales = replace(scales, note_mean=np.zeros(WIDTH), note_scale=np.ones(WIDTH))
    config = NetworkConfig(len(NAMES), len(vocabulary), WIDTH, 8, 8, 8, 2, 8)
    network = ReadmissionNetwork(config, scales)
    nothing = Notes(np.zeros((0, WIDTH), np.float32), np.arange(0), offsets([0] * len(rows)))
    network(pack(encode(ragged, nothing, vocabulary, scales), np.arange(len(rows))))
    member = RuntimeNetwork(config, scales, weights_of(network))
    manifest = {"version": "readmission-untrained", "schema_hash": SCHEMA_HASH}
    calibration = Calibration(intercept=-1.5, slope=1.0, base_rate=0.15)
    return Predictor(Artefact(folder, manifest, (member,), vocabulary, scales, calibration))
