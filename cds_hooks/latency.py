"""How long each part of a call took, for the metrics and the Server-Timing header.

https://www.w3.org/TR/server-timing/
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Runs from the moment it is made; each part is measured once or added up."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self.parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what happens inside the block as `name`, seconds."""
        began = perf_counter()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + perf_counter() - began

    def seconds(self) -> float:
        """Since the stopwatch was made."""
        return perf_counter() - self._started

    def server_timing(self) -> str:
        """Value of the header, durations in milliseconds."""
        durations = {**self.parts, "total": self.seconds()}
        return ", ".join(f"{name};dur={1000 * taken:.1f}" for name, taken in durations.items())
