"""Numbers and quantities of a search, and the SQL that compares them with stored ones.

https://hl7.org/fhir/R4/search.html#number. With `eq` and `ne` a number stands for all that round
to it (`100` for 99.5 up to 100.5, `1e2` for 95 up to 105, as R4's table has it); with the other
prefixes for itself. A stored number has the
bounds of its own precision and counts by their middle.
"""

import re
from decimal import Decimal

from fhir_api.search.r4.precision import EXACT, HALF, Bounds, bounds
from fhir_api.search.sql.bound import Bound

FORM = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
NEAR = Decimal("0.1")


def number_of(text: str) -> Decimal | None:
    """The number that a text says, with its precision; None when it says none."""
    return Decimal(text) if FORM.fullmatch(text) else None


def compared(prefix: str, number: Decimal, bound: Bound, alias: str) -> str:
    """SQL that compares a stored number with what is asked."""
    middle = f"(({alias}.low + {alias}.high) * 0.5)"
    if prefix in {"eq", "ne"}:
        found = inside(number, bound, alias, middle)
        return found if prefix == "eq" else f"NOT {found}"
    if prefix == "ap":
        margin = EXACT.multiply(abs(number), NEAR)
        least = bound.value(EXACT.subtract(number, margin))
        most = bound.value(EXACT.add(number, margin))
        return (f"({alias}.low <= {most} AND {alias}.high >= {least} "
                f"AND {middle} BETWEEN {least} AND {most})")  # fmt: skip
    exact = bound.value(number)
    return {
        "gt": f"({alias}.high > {exact} AND {middle} > {exact})",
        "sa": f"({alias}.high > {exact} AND {middle} > {exact})",
        "ge": f"({alias}.high >= {exact} AND {middle} >= {exact})",
        "lt": f"({alias}.low < {exact} AND {middle} < {exact})",
        "eb": f"({alias}.low < {exact} AND {middle} < {exact})",
        "le": f"({alias}.low <= {exact} AND {middle} <= {exact})",
    }[prefix]


def inside(number: Decimal, bound: Bound, alias: str, middle: str) -> str:
    """SQL: a stored number rounds to the one asked for; an index can use the first two bounds."""
    low, high = bounds(number) if int(number.as_tuple().exponent) <= 0 else round_bounds(number)
    least, most = bound.value(low), bound.value(high)
    return (
        f"({alias}.low < {most} AND {alias}.high >= {least} "
        f"AND {middle} >= {least} AND {middle} < {most})"
    )


def round_bounds(number: Decimal) -> Bounds:
    """The bounds of a number written with a positive exponent."""
    half = HALF.scaleb(int(number.as_tuple().exponent) - 1)
    return Bounds(EXACT.subtract(number, half), EXACT.add(number, half))
