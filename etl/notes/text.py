"""The text of a stored note, and the key by which events, vectors and the model know it.

A note is text that a person wrote: `DocumentReference.content.attachment` and
`DiagnosticReport.presentedForm` of a text type. Ingest has scrubbed it before it was stored.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

NOTE_TYPES = ("DocumentReference", "DiagnosticReport")
KEY_LENGTH = 32


def note_key(text: str) -> str:
    """The name of a text: 32 hex digits of the SHA-256 of its UTF-8 bytes.

    The same text has the same key wherever it stands, so it is embedded and stored once.

    >>> note_key("Lives alone.")
    'dcababf5083a5fe5ffd25fb1aa331aab'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def note_texts(resource: Mapping[str, Any]) -> list[str]:
    """Texts of one resource in the order they stand; empty when it holds none.

    Attachments of another type than text, without data, or with nothing but white space give
    nothing. Bytes that are not UTF-8 become U+FFFD.

    >>> note_texts({"resourceType": "DocumentReference", "content": [
    ...     {"attachment": {"contentType": "text/plain", "data": "TGl2ZXMgYWxvbmUu"}}]})
    ['Lives alone.']

    Raises:
        binascii.Error: `data` is no base64, which ingest would have refused.
    """
    texts = (_decoded(attachment) for attachment in _attachments(resource))
    return [text for text in texts if text.strip()]


def _attachments(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if resource["resourceType"] == "DocumentReference":
        yield from (content["attachment"] for content in resource.get("content", ()))
    if resource["resourceType"] == "DiagnosticReport":
        yield from resource.get("presentedForm", ())


def _decoded(attachment: Mapping[str, Any]) -> str:
    if not attachment.get("contentType", "").startswith("text/"):
        return ""
    return base64.b64decode(attachment.get("data", "")).decode("utf-8", errors="replace")
