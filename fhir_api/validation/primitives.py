"""JSON Schemas of the primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive).

Two readings are ours: a date must be a day that exists (the standard says "SHALL be valid dates",
its regular expression takes 30 February), and white space means ASCII white space, since HL7's own
examples hold a no-break space in a code.
"""

from typing import Any

YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][48]|[13579][26]|[2468]0)00)"
MONTH_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
DAY = f"(?:{YEAR}-{MONTH_DAY}|{LEAP_YEAR}-02-29)"
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
PARTIAL = f"{YEAR}(?:-(?:0[1-9]|1[0-2]))?"
LARGEST_INTEGER = 2**31 - 1


def text(pattern: str) -> dict[str, Any]:
    """Text that matches as a whole."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def whole(least: int) -> dict[str, Any]:
    """A whole number from `least` on, in 32 bits."""
    return {"type": "integer", "minimum": least, "maximum": LARGEST_INTEGER}


PRIMITIVES: dict[str, dict[str, Any]] = {
    "base64Binary": text(r"[0-9A-Za-z+/=\s]+"),
    "boolean": {"type": "boolean"},
    "canonical": text(r"[^ \t\r\n]+"),
    "code": text(r"[^ \t\r\n]+(?:[ \t\r\n][^ \t\r\n]+)*"),
    "date": text(f"{PARTIAL}|{DAY}"),
    "dateTime": text(f"{PARTIAL}|{DAY}(?:T{TIME}{ZONE})?"),
    "decimal": {"type": "number"},
    "id": text(r"[A-Za-z0-9\-.]{1,64}"),
    "instant": text(f"{DAY}T{TIME}{ZONE}"),
    "integer": whole(-LARGEST_INTEGER - 1),
    "markdown": {"type": "string", "minLength": 1},
    "oid": text(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
    "positiveInt": whole(1),
    "string": {"type": "string", "minLength": 1},
    "time": text(TIME),
    "unsignedInt": whole(0),
    "uri": text(r"[^ \t\r\n]+"),
    "url": text(r"[^ \t\r\n]+"),
    "uuid": text(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "xhtml": {"type": "string", "minLength": 1},
}
