"""The sentences of a note that carry, deny or merely resemble the latent factors."""

from functools import cache
from importlib.resources import files
from random import Random
from tomllib import loads
from typing import Any

from homeward.simulation.chance import happens, one_of, pick
from homeward.simulation.factors import FACTORS
from homeward.simulation.notes.marked import Facts, Marked, render, varied

SAID_IF_PRESENT, DENIED_IF_ABSENT, RESEMBLED = 0.97, 0.14, 0.04
"""How often a factor that is there is written down, one that is not is denied, or resembled."""

PLACES = {"summary": 0.35, "nursing": 0.35, "both": 0.30}


@cache
def phrases() -> dict[str, Any]:
    """The table of phrases."""
    text = files("homeward.simulation.notes").joinpath("phrases.toml").read_text("utf-8")
    return loads(text)


def placed(rng: Random, present: frozenset[str]) -> dict[str, list[tuple[str, str]]]:
    """(factor, present, absent or other) for each of the two notes of a stay, in random order."""
    said: dict[str, list[tuple[str, str]]] = {"summary": [], "nursing": []}
    for name in FACTORS:
        how = manner(rng, is_present=name in present)
        if how is None:
            continue
        place = pick(rng, PLACES)
        for note, lines in said.items():
            if place in {note, "both"}:
                lines.append((name, how))
    for lines in said.values():
        rng.shuffle(lines)
    return said


def manner(rng: Random, *, is_present: bool) -> str | None:
    """How a factor is spoken of, or None when nobody mentions it."""
    if is_present:
        return "present" if happens(rng, SAID_IF_PRESENT) else None
    if happens(rng, DENIED_IF_ABSENT):
        return "absent"
    return "other" if happens(rng, RESEMBLED) else None


def sentences(rng: Random, said: list[tuple[str, str]], facts: Facts) -> list[Marked]:
    """One sentence for each thing said."""
    return [render(varied(rng, one_of(rng, phrases()[name][how])), facts) for name, how in said]
