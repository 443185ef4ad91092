"""A trained model's directory: what lies in it, and reading it only when it is whole.

manifest.json       version, feature schema, snapshot, encoder, and the sha256 of every file
config.json         sizes of the network, number of members
weights.npz         every weight as `member/path`
vocabulary.json     codes in the order of their ids
normalisation.json  scales of the training part
calibration.json    two numbers and the base rate
metrics.json        how good it was on patients it had not seen
report.md card.md   the same in words
encoder/            the note encoder whose vectors it was trained on, if any
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import CorruptArtefact
from model.runtime.calibration import Calibration
from model.runtime.config import NetworkConfig
from model.runtime.network import RuntimeNetwork
from model.runtime.normalisation import Normalisation
from model.runtime.vocabulary import Vocabulary

MANIFEST, ENCODER = "manifest.json", "encoder"


@dataclass(frozen=True)
class Artefact:
    """A whole, verified model.

    Attributes:
        folder: Where it lies.
        manifest: What `manifest.json` says.
        members: Networks whose log-odds are averaged.
        vocabulary: Codes and ids.
        normalisation: Scales.
        calibration: From log-odds to probability.
    """

    folder: Path
    manifest: dict[str, Any]
    members: tuple[RuntimeNetwork, ...]
    vocabulary: Vocabulary
    normalisation: Normalisation
    calibration: Calibration

    @property
    def version(self) -> str:
        """Name of the model, made from the digest of its files."""
        return str(self.manifest["version"])

    @property
    def schema_hash(self) -> str:
        """Of the feature catalogue it was trained with."""
        return str(self.manifest["schema_hash"])


def digest_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests_of(folder: Path) -> dict[str, str]:
    """sha256 of every file below the folder but the manifest, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: digest_of(path) for name, path in named.items() if name != MANIFEST}


def verified_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, after every file it names was found unchanged.

    Raises:
        CorruptArtefact: The manifest is unreadable, or a file is missing or changed.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        named = dict(manifest["files"])
    except (OSError, ValueError, KeyError) as error:
        raise CorruptArtefact(folder, f"{MANIFEST} cannot be read") from error
    for name, digest in named.items():
        path = folder / name
        if not path.is_file():
            raise CorruptArtefact(folder, f"{name} is missing")
        if digest_of(path) != digest:
            raise CorruptArtefact(folder, f"{name} is not the file that was trained")
    return manifest


def read_artefact(folder: Path) -> Artefact:
    """A model ready to answer.

    Raises:
        CorruptArtefact: A file is missing, changed or unreadable.
    """
    folder = Path(folder)
    manifest = verified_manifest(folder)
    try:
        config = _json(folder, "config")
        scales = Normalisation.from_json(_json(folder, "normalisation"))
        return Artefact(
            folder=folder,
            manifest=manifest,
            members=_members(folder, NetworkConfig(**config["network"]), scales),
            vocabulary=Vocabulary(tuple(_json(folder, "vocabulary"))),
            normalisation=scales,
            calibration=Calibration(**_json(folder, "calibration")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(folder, "a file does not hold what this version expects") from error


def _members(
    folder: Path, config: NetworkConfig, scales: Normalisation
) -> tuple[RuntimeNetwork, ...]:
    with np.load(folder / "weights.npz") as stored:
        weights = {name: stored[name] for name in stored.files}
    numbers = sorted({name.partition("/")[0] for name in weights}, key=int)
    return tuple(
        RuntimeNetwork(
            config,
            scales,
            {
                name.partition("/")[2]: array
                for name, array in weights.items()
                if name.partition("/")[0] == number
            },
        )
        for number in numbers
    )


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))
