"""Values bound to a statement, so that nothing a caller wrote is ever part of its text."""

from collections.abc import Collection
from typing import Any


class Bound:
    """Collects values and gives each a name that stands for it in the statement."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def value(self, value: Any) -> str:
        """The name of one value."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def text(self, value: str) -> str:
        """The name of a text where Postgres cannot tell its type from what stands beside it."""
        return f"CAST({self.value(value)} AS text)"

    def texts(self, values: Collection[str]) -> str:
        """The name of a list of texts, each once."""
        return f"CAST({self.value(list(dict.fromkeys(values)))} AS text[])"

    def numbers(self, values: Collection[int]) -> str:
        """The name of a list of whole numbers."""
        return f"CAST({self.value(list(values))} AS bigint[])"
