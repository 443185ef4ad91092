"""Two simulated hospitals every test here may read: a small one, and one large enough for rates."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pytest

from homeward.simulation.options import Manifest, Options
from homeward.simulation.simulate import simulate

Json = dict[str, Any]


@dataclass
class Folder:
    """What `simulate` wrote, read back."""

    path: Path
    manifest: Manifest

    @cached_property
    def hospital(self) -> Json:
        return self.read("hospital.json")

    @cached_property
    def histories(self) -> dict[str, Json]:
        return self.bundles("patients")

    @cached_property
    def later(self) -> dict[str, Json]:
        return self.bundles("later")

    @cached_property
    def discharges(self) -> dict[str, Json]:
        return self.bundles("discharges")

    @cached_property
    def truth(self) -> list[Json]:
        return self.lines("truth.jsonl")

    @cached_property
    def gold(self) -> dict[str, Json]:
        return {line["id"]: line for line in self.lines("phi.jsonl")}

    def read(self, name: str) -> Any:
        return orjson.loads((self.path / name).read_bytes())

    def lines(self, name: str) -> list[Json]:
        return [orjson.loads(line) for line in (self.path / name).read_bytes().splitlines()]

    def bundles(self, folder: str) -> dict[str, Json]:
        files = sorted((self.path / folder).glob("*.json"))
        return {file.name: orjson.loads(file.read_bytes()) for file in files}

    def resources(self, name: str) -> dict[str, Json]:
        """Newest version of everything about one patient, with references as `Type/id`."""
        found: dict[str, Json] = {}
        for bundle in (self.histories[name], self.later.get(name, {"entry": []})):
            kinds = {e["fullUrl"]: e["resource"]["resourceType"] for e in bundle["entry"]}
            text = re.sub(
                r'"(urn:uuid:([0-9a-f-]{36}))"',
                lambda m, kinds=kinds: f'"{kinds.get(m[1], "")}/{m[2]}"',
                orjson.dumps([entry["resource"] for entry in bundle["entry"]]).decode(),
            )
            found |= {one["id"]: one for one in orjson.loads(text)}
        return found

    def everything(self, kind: str) -> list[Json]:
        """Every resource of a type in patients/ and later/."""
        return [
            entry["resource"]
            for bundles in (self.histories, self.later)
            for bundle in bundles.values()
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] == kind
        ]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A hundred and twenty patients."""
    out = tmp_path_factory.mktemp("small_hospital")
    return Folder(out, simulate(Options(120, 11, out, discharge_window_days=90)))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Fifteen hundred patients, for rates."""
    out = tmp_path_factory.mktemp("large_hospital")
    return Folder(out, simulate(Options(1500, 20, out)))
