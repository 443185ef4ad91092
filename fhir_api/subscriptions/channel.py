"""The headers a subscriber wants sent along: lines of HTTP, none that changes the request itself.

RFC 9110, 5.1 and 5.5.
"""

import re
from collections.abc import Iterable

LINE = re.compile(
    r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*(?P<value>[\x20-\x7e]{1,8000})"
)
HIDDEN = "(kept secret)"
OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def header_problem(line: str) -> str | None:
    """Why a line cannot be sent, or None."""
    found = LINE.fullmatch(line)
    if found is None:
        return "A header is one line of the form Name: value, in ASCII."
    if found["name"].lower() in OURS or found["name"].lower().startswith("proxy-"):
        return "This header belongs to the request itself and cannot be set."
    if found["value"] == HIDDEN:
        return "Send the value of the header again; it is never given back."
    return None


def headers_of(lines: Iterable[str], payload: str) -> dict[str, str]:
    """The headers of a notification."""
    pairs = [line.partition(":") for line in lines]
    given = {name: value.strip() for name, _, value in pairs}
    return {**given, "content-type": f"{payload}; charset=utf-8"}


def hidden(lines: Iterable[str]) -> list[str]:
    """The lines as they are read back: names without values."""
    return [f"{line.partition(':')[0]}: {HIDDEN}" for line in lines]
