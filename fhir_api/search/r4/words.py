"""Strings made comparable, and cut to what an index can hold.

https://hl7.org/fhir/R4/search.html#string: a search ignores case, accents and other marks, and
matches from the beginning of a field.
"""

import unicodedata
from functools import lru_cache

LONGEST = 300  # characters; two such columns are the most that fits one entry of a B-tree


@lru_cache(maxsize=8192)
def comparable(text: str) -> str:
    """The text in lower case, without accents, runs of white space as one blank.

    >>> comparable("  Müller  LÜDENSCHEID ")
    'muller ludenscheid'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(plain.split())[:LONGEST]
