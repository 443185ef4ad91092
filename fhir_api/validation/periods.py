"""A time must not end before it begins: `per-1` of Period, `mdd-1` of MedicationDispense.

The FHIRPath library compares moments as they are written and misreads two zones, which a stay over
the end of summer time has. Two moments of different precision are compared as far as both go.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_api.moments import interval
from fhir_api.validation.issue import Issue

PERIOD = ("start", "end")
DISPENSED = ("whenPrepared", "whenHandedOver")
PER_1 = "per-1: If present, start SHALL have a lower value than end"
MDD_1 = "mdd-1: whenHandedOver cannot be before whenPrepared"


def broken_periods(kind: str, element: Mapping[str, Any], path: str) -> Iterator[Issue]:
    """The rule that a Period or a MedicationDispense breaks, if it does."""
    if kind == "Period" and is_backwards(element, PERIOD):
        yield Issue("invariant", PER_1, path)
    elif kind == "MedicationDispense" and is_backwards(element, DISPENSED):
        yield Issue("invariant", MDD_1, path)


def is_backwards(element: Mapping[str, Any], names: tuple[str, str]) -> bool:
    """Whether the second moment lies before the first for certain.

    >>> is_backwards({"start": "2024-02-10", "end": "2024-02"}, PERIOD)
    False
    """
    first, second = (element.get(name) for name in names)
    if not (isinstance(first, str) and isinstance(second, str)):
        return False
    begins, ends = interval(first), interval(second)
    return begins is not None and ends is not None and ends.ends <= begins.starts
