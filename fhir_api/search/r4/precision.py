"""What a number stands for: all numbers that round to it.

https://hl7.org/fhir/R4/search.html#number: 100 stands for 99.5 to 100.5, 100.00 for 99.995 to
100.005. Decimals keep their digits in our JSON, so the precision is that of the sender.
"""

from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

EXACT = Context(prec=1000)  # more digits than a number has that may be stored
HALF = Decimal("0.5")


class Bounds(NamedTuple):
    """From the least number, inclusive, to the greatest, exclusive."""

    low: Decimal
    high: Decimal


def bounds(value: Decimal | int) -> Bounds:
    """All numbers that round to `value` at its precision.

    >>> bounds(Decimal("5.40"))
    Bounds(low=Decimal('5.395'), high=Decimal('5.405'))
    """
    return bounds_of(str(value))


@lru_cache(maxsize=65536)
def bounds_of(text: str) -> Bounds:
    """`bounds` of a number as written; 1.0 and 1.00 are equal and stand for different ranges."""
    value = Decimal(text)
    half = HALF.scaleb(int(value.as_tuple().exponent), EXACT)
    return Bounds(EXACT.subtract(value, half), EXACT.add(value, half))
