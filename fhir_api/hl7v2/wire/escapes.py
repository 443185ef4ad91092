r"""Escape sequences of HL7 v2: `\F\ \S\ \T\ \R\ \E\ \.br\ \Xdd\` and their like (v2.8, 2.7).

The `hl7` library has an `unescape` too; it writes the field into the log when a sequence is wrong
and repeats `\.sp99999999\` as often as asked, so it is not used here.
"""

import re
from typing import NamedTuple

HEX = re.compile(r"X((?:[0-9A-Fa-f]{2}){1,64})")
LINE_BREAKS = re.compile(r"\.(br|sp[+]?[0-9]*|ce)")
LAYOUT = re.compile(r"H|N|\.(fi|nf|in[+-]?[0-9]*|ti[+-]?[0-9]*|sk[+]?[0-9]*)")


class Delimiters(NamedTuple):
    """The characters of MSH-1 and MSH-2."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    @property
    def encoding(self) -> str:
        """MSH-2 as it is written."""
        return self.component + self.repetition + self.escape + self.subcomponent


def unescaped(text: str, delimiters: Delimiters, codec: str) -> str:
    r"""The text that is meant.

    A sequence of no meaning to us (`\Zxx\`, a character-set switch) is left out; an escape
    character without a partner stands for itself.

    >>> unescaped(r"A\T\E\.br\B\X41\ C\D", Delimiters("|", "^", "~", "\\", "&"), "utf-8")
    'A&E\nBA C\\D'
    """
    escape = delimiters.escape
    if not escape or escape not in text:
        return text
    parts = text.split(escape)
    kept = [parts[0]]
    for place in range(1, len(parts) - 1, 2):
        kept += [meaning(parts[place], delimiters, codec), parts[place + 1]]
    if len(parts) % 2 == 0:
        kept += [escape, parts[-1]]
    return "".join(kept)


def meaning(sequence: str, delimiters: Delimiters, codec: str) -> str:
    """What stands for the letters between two escape characters."""
    named = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
    }
    if sequence in named:
        return named[sequence]
    if LINE_BREAKS.fullmatch(sequence):
        return "\n"
    if found := HEX.fullmatch(sequence):
        return bytes.fromhex(found[1]).decode(codec, "replace").replace("\x00", "")
    return " " if sequence.startswith(".") and LAYOUT.fullmatch(sequence) else ""
