"""The TOML tables beside this file, each read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The table `name`.toml."""
    text = files("homeward.simulation.tables").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)
