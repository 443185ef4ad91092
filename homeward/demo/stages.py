"""Stages of the demonstration: each is done once for the same input, and again when it was cut off.

A stage's key is a digest of its options, of the code, and of the key before it. It is written
when the stage is done, so a killed run begins again at the stage it was killed in.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeward.progress import say

PACKAGES = ("privacy", "fhir_api", "etl", "model", "homeward")
ROOT = Path(__file__).resolve().parents[2]
WHAT_DECIDES = {".py", ".toml", ".tsv", ".txt"}


class Stages:
    """The stages of one run, in order.

    Args:
        folder: Where keys and results are kept.
        start: What the first stage depends on, plain JSON.
    """

    def __init__(self, folder: Path, start: Any) -> None:
        self.folder = folder
        self.key = _digest([code_digest(), start])
        self.seconds: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, title: str, work: Callable[[], Any]) -> Any:
        """The result of `work`, plain JSON: computed now, or remembered from the same input."""
        self.key = _digest([self.key, name])
        path = self.folder / f"{name}.json"
        if (done := _read(path)) and done["key"] == self.key:
            say(f"{title}: done before")
            self.seconds[name] = done["seconds"]
            return done["result"]
        say(f"{title} …")
        began = time.monotonic()
        result = work()
        self.seconds[name] = round(time.monotonic() - began, 1)
        _write(path, {"key": self.key, "seconds": self.seconds[name], "result": result})
        return result


def code_digest() -> str:
    """Digest of everything that decides what a stage computes."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in WHAT_DECIDES:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _write(path: Path, value: Any) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(value))
    fresh.replace(path)
