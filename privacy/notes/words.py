"""Small dictionaries: words that are no names, given names, family names.

Each is a text file beside this one whose first lines say where it is from; all are in lower case.
"""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def common_words() -> frozenset[str]:
    """Words that are no names: everyday and clinical English, drugs, eponyms."""
    return _read("words.txt")


@cache
def given_names() -> frozenset[str]:
    """Frequent given names."""
    return _read("given_names.txt")


@cache
def surnames() -> frozenset[str]:
    """Frequent family names."""
    return _read("surnames.txt")


@cache
def nicknames() -> dict[str, tuple[str, ...]]:
    """Short forms by given name."""
    lines = (HERE / "nicknames.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split() for line in lines if not line.startswith("#")]
    return {given: tuple(short) for given, *short in parts}


def _read(name: str) -> frozenset[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())
