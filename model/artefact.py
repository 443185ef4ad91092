"""Write a trained model's directory, whole or not at all."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.metrics import Floats
from model.runtime.artefact import ENCODER, MANIFEST, digests_of
from model.runtime.calibration import Calibration
from model.runtime.encoder import PARTS
from model.runtime.network import RuntimeNetwork
from model.runtime.normalisation import Normalisation
from model.runtime.vocabulary import Vocabulary

VERSION_DIGITS = 12
TEST_ANSWERS = "test_answers.npz"


@dataclass(frozen=True)
class Trained:
    """What a training run made, still in memory.

    Attributes:
        members: Networks whose log-odds are averaged.
        vocabulary: Codes and ids.
        normalisation: Scales.
        calibration: From log-odds to probability.
        metrics: Everything measured, plain JSON.
        texts: Further files by name: the report and the card.
        answers: Probabilities of each compared model for the test part, and `labels`.
        origin: What the manifest says of where it came from: schema, snapshot, encoder, label.
    """

    members: tuple[RuntimeNetwork, ...]
    vocabulary: Vocabulary
    normalisation: Normalisation
    calibration: Calibration
    metrics: dict[str, Any]
    texts: Mapping[str, str]
    answers: Mapping[str, Floats]
    origin: Mapping[str, Any]


def write_artefact(trained: Trained, out: Path, note_encoder: Path | None) -> Path:
    """Write everything beside `out` and rename it into place.

    Args:
        trained: What to write.
        out: The directory to make; it must not exist yet, or be empty.
        note_encoder: Encoder directory to copy, if notes were used.

    Returns:
        `out`.

    Raises:
        FileExistsError: `out` holds something; a trained model is never written over.
    """
    out = Path(out)
    refuse_to_write_over(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=out.parent) as temporary:
        folder = Path(temporary) / out.name
        folder.mkdir()
        _write_files(trained, folder)
        if note_encoder is not None:
            _copy_encoder(note_encoder, folder / ENCODER)
        _write_manifest(trained, folder)
        folder.replace(out)
    return out


def refuse_to_write_over(out: Path) -> None:
    """Nothing, if `out` is free.

    Raises:
        FileExistsError: It holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give another directory for the new model.")


def _write_files(trained: Trained, folder: Path) -> None:
    network = trained.members[0].config.as_json()
    _write_json(folder / "config.json", {"network": network, "members": len(trained.members)})
    _write_json(folder / "vocabulary.json", list(trained.vocabulary.codes))
    _write_json(folder / "normalisation.json", trained.normalisation.as_json())
    _write_json(folder / "calibration.json", trained.calibration.as_json())
    _write_json(folder / "metrics.json", trained.metrics)
    np.savez(folder / TEST_ANSWERS, **trained.answers)  # type: ignore[arg-type]  # names, not flags
    for name, text in trained.texts.items():
        (folder / name).write_text(text, "utf-8")
    weights = {
        f"{number}/{path}": array
        for number, member in enumerate(trained.members)
        for path, array in member.weights.items()
    }
    np.savez(folder / "weights.npz", **weights)  # type: ignore[arg-type]  # names, not flags


def _copy_encoder(source: Path, target: Path) -> None:
    target.mkdir()
    for name in PARTS:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)


def _write_manifest(trained: Trained, folder: Path) -> None:
    files = digests_of(folder)
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    version = f"readmission-{digest[:VERSION_DIGITS]}"
    _write_json(folder / MANIFEST, {"version": version, **trained.origin, "files": files})


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", "utf-8")
