"""Attachments: the type always, the text only where the site has opted in, everything else never.

Plain text and HTML are decoded, scrubbed, and stored again as plain text. PDF, RTF, images and
links are dropped: what cannot be read cannot be cleaned.
"""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Mapping
from typing import Any

from privacy.rules import Visit, code, shift, with_extensions

MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")
CHARSET = re.compile(r"charset=\"?([a-z0-9_.:-]{1,40})")
READABLE = frozenset({"text/plain", "text/html", "application/xhtml+xml"})
LONGEST_TYPE = 120
PLAIN = "text/plain; charset=utf-8"
BLOCK = re.compile(r"</?(?:p|div|br|li|tr|h[1-6]|table|ul|ol|hr|td|th)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")


def attachment(value: Any, visit: Visit) -> Any:
    """Type, language and creation of an attachment, and its scrubbed text if notes are kept."""
    if not isinstance(value, Mapping):
        return None
    media_type, charset = _media_type(value.get("contentType"))
    kept = {
        "contentType": media_type,
        "language": code(value.get("language"), visit),
        "creation": shift(value.get("creation"), visit),
    }
    if visit.batch.scrub is not None and media_type in READABLE:
        note = read_text(value.get("data"), media_type, charset)
        if note is not None:
            clean = visit.batch.scrub(note, visit.days or 0)
            kept |= {"contentType": PLAIN, "data": write_text(clean)}
    return with_extensions({name: v for name, v in kept.items() if v}, value, visit)


def read_text(data: Any, media_type: str, charset: str) -> str | None:
    """The text of base64 `data`, without markup; None when it cannot be read."""
    if not isinstance(data, str):
        return None
    try:
        note = base64.b64decode(data).decode(charset, errors="replace")
    except (binascii.Error, ValueError):
        return None
    return note if media_type == "text/plain" else without_markup(note)


def write_text(note: str) -> str:
    """Base64 of the text in UTF-8, as FHIR wants it."""
    return base64.b64encode(note.encode("utf-8", "replace")).decode("ascii")


def without_markup(note: str) -> str:
    r"""The words of an HTML text: blocks on lines of their own, other tags gone, entities read.

    A tag inside a word goes without a trace, so that it cannot split a name in two.

    >>> without_markup("<p>Sm<b>ith</b> &amp; son</p>")
    '\nSmith & son\n'
    """
    return html.unescape(TAG.sub("", BLOCK.sub("\n", note)))


def _media_type(content_type: Any) -> tuple[str, str]:
    """Media type without parameters, and the charset; both empty for what is neither."""
    if not isinstance(content_type, str) or len(content_type) > LONGEST_TYPE:
        return "", "utf-8"
    lowered = content_type.lower()
    kind = lowered.partition(";")[0].strip()
    charset = CHARSET.search(lowered)
    name = charset[1] if charset and _is_codec(charset[1]) else "utf-8"
    return (kind if MEDIA_TYPE.fullmatch(kind) else ""), name


def _is_codec(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # noqa: SLF001
    except LookupError:
        return False
