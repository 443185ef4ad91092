"""In which order files are read: what others refer to by identifier comes first.

Synthea's and other exports name practitioners, organizations and places by conditional references,
and clients list their files by the alphabet. Files of one type keep the order they were named in,
so that of two lines with one id the later one stands.
"""

from collections.abc import Sequence

COME_FIRST = ("Organization", "Location", "Practitioner", "PractitionerRole", "Patient")
File = tuple[str, str]  # resource type and URL


def reading_order(files: Sequence[File]) -> list[int]:
    """Places of the files in the order in which to read them.

    >>> reading_order([("Encounter", "a"), ("Patient", "b"), ("Location", "c"), ("Patient", "d")])
    [2, 1, 3, 0]
    """
    return sorted(range(len(files)), key=lambda place: rank(files[place][0]))


def rank(resource_type: str) -> int:
    """0 for what is read first."""
    known = resource_type in COME_FIRST
    return COME_FIRST.index(resource_type) if known else len(COME_FIRST)
