"""Small draws from a seeded generator; every draw of the simulation goes through one of these."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from random import Random
from typing import TypeVar
from uuid import UUID

from homeward.simulation.clock import FIRST_HOUR, LAST_HOUR, at

T = TypeVar("T")


def stream(seed: int, index: int, purpose: str) -> Random:
    """The generator of one patient for one purpose; the same in every process.

    Purposes are apart so that a new phrase in a note changes no one's life.
    """
    return Random(f"{seed}/{index}/{purpose}")


def fresh_id(rng: Random) -> str:
    """A version 4 UUID drawn from the generator."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def happens(rng: Random, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability


def pick(rng: Random, weights: Mapping[T, float]) -> T:
    """One key, as often as its weight says; weights need not add up to 1."""
    return rng.choices(list(weights), list(weights.values()))[0]


def one_of(rng: Random, values: Sequence[T]) -> T:
    """One value, each as likely."""
    return values[int(rng.random() * len(values))]


def clipped(rng: Random, mean: float, spread: float, low: float, high: float) -> float:
    """A normal draw held within bounds."""
    return min(high, max(low, rng.gauss(mean, spread)))


def sigmoid(logit: float) -> float:
    """Probability of a log odds.

    >>> sigmoid(0.0)
    0.5
    """
    return 1.0 / (1.0 + math.exp(-logit))


def by_day(rng: Random, day: date, first: int = FIRST_HOUR, last: int = LAST_HOUR) -> datetime:
    """A moment of `day` from hour `first` to the end of hour `last`."""
    return at(day, rng.randint(first, last), rng.randrange(60))
