"""How every benchmark speaks: a small table, the machine, and the same as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.machine import Machine

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one benchmark.

    Attributes:
        name: Such as `ingest`.
        rows: What was measured; the first row's names head the table.
        machine: Where.
        measured_at: UTC, when the benchmark began.
    """

    name: str
    rows: Sequence[Row]
    machine: Machine
    measured_at: datetime

    def as_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        return {
            "benchmark": self.name,
            "measured_at": self.measured_at.astimezone(UTC).isoformat(timespec="seconds"),
            "machine": self.machine.as_json(),
            "rows": [dict(row) for row in self.rows],
        }

    def text(self) -> str:
        """The table, a blank line, and the machine."""
        return f"{self.name}\n\n{table(self.rows)}\n\n{self.machine.line()}\n"


def table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; numbers stand right, words left.

    >>> print(table([{"part": "ingest", "per second": 1234.56}]))
    | part   | per second |
    |:-------|-----------:|
    | ingest |      1,235 |
    """
    names = list(rows[0])
    cells = [[shown(row[name]) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    is_number = [isinstance(rows[0][name], int | float) for name in names]
    rule = [
        "-" * (width + 1) + ":" if right else ":" + "-" * (width + 1)
        for width, right in zip(widths, is_number, strict=True)
    ]
    lines = [_line(names, widths, is_number), "|" + "|".join(rule) + "|"]
    return "\n".join(lines + [_line(line, widths, is_number) for line in cells])


def shown(value: Any) -> str:
    """A value as it stands in a table: four figures are enough of a measurement.

    >>> shown(0.012345), shown(12.345), shown(1234567), shown("p95")
    ('0.01235', '12.35', '1,234,567', 'p95')
    """
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def save(report: Report, path: Path | None) -> None:
    """Print the table; write the JSON where a path is given."""
    print(report.text())
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")


def _line(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    placed = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, is_number, strict=True)
    ]
    return "| " + " | ".join(placed) + " |"
