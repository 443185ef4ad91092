"""Wall time and processor time of a piece of work, its child processes included."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class Spent:
    """What a piece of work took; filled when its block ends.

    Attributes:
        wall_s: Seconds on the wall clock.
        cpu_s: Seconds of processor time of this process and of children that have ended.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def measured() -> Iterator[Spent]:
    """Measure the block; a block that fails leaves zeros and its own error."""
    spent = Spent()
    wall, cpu = time.perf_counter(), _cpu_s()
    yield spent
    spent.wall_s, spent.cpu_s = time.perf_counter() - wall, _cpu_s() - cpu


def utc_now() -> datetime:
    """The clock of the benchmarks; they stand outside the floors and hold their own."""
    return datetime.now(UTC)  # noqa: TID251  # a benchmark is its own front door


def _cpu_s() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, both))
