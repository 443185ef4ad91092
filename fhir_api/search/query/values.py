r"""Values of search parameters, parted at `,` `$` `|` and freed of their escapes.

https://hl7.org/fhir/R4/search.html#escaping: `\,` `\$` `\|` and `\\` stand for themselves.
"""

import re
from typing import NamedTuple

PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
PREFIXED = re.compile(r"([a-z]{2})(?=[0-9.+-])")
ESCAPED = re.compile(r"\\([,$|\\])")


class Prefixed(NamedTuple):
    """A value that is ordered, and how to compare with it."""

    prefix: str
    text: str


def parted(text: str, mark: str) -> list[str]:
    r"""The parts of a value between marks that no backslash precedes; escapes stay.

    >>> parted(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    found = re.finditer(rf"\\.|{re.escape(mark)}", text, re.DOTALL)
    cuts = [each.start() for each in found if each[0] == mark]
    bounds = zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True)
    return [text[start:end] for start, end in bounds]


def plain(text: str) -> str:
    r"""The text that an escaped one stands for.

    >>> plain(r"a\,b\\c")
    'a,b\\c'
    """
    return ESCAPED.sub(r"\1", text)


def prefixed(text: str) -> Prefixed | None:
    """Prefix and rest of `ge2020-01-01`; `eq` when there is none, None when it is no prefix.

    >>> prefixed("ge5.4"), prefixed("2020"), prefixed("xx2020")
    (Prefixed(prefix='ge', text='5.4'), Prefixed(prefix='eq', text='2020'), None)
    """
    found = PREFIXED.match(text)
    if found is None:
        return Prefixed("eq", text)
    return Prefixed(found[1], text[2:]) if found[1] in PREFIXES else None
