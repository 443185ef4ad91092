"""A gzip body unpacked piece by piece, so that a small one cannot grow into all of our memory.

RFC 1952; several members after one another are one body.
"""

import zlib
from typing import TYPE_CHECKING

from fhir_api.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    from zlib import _Decompress

GZIP = 16 + zlib.MAX_WBITS
PLACE = "http.Content-Encoding"


class Unpacking:
    """What has been unpacked of one body.

    Args:
        most: Bytes that may come out.
        ratio: Times as many bytes as went in that may come out.
    """

    def __init__(self, most: int, ratio: int) -> None:
        self.most = most
        self.ratio = ratio
        self.taken = 0
        self.given = 0
        self.member: _Decompress = zlib.decompressobj(GZIP)

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that a piece unpacks to; raises TooLarge (413) or InvalidRequest (400)."""
        self.taken += len(chunk)
        parts = []
        while chunk:
            if self.member.eof:
                self.member = zlib.decompressobj(GZIP)
            parts.append(self.some(chunk))
            chunk = self.member.unconsumed_tail or self.member.unused_data
        return b"".join(parts)

    def some(self, chunk: bytes) -> bytes:
        """As much of a piece as may be had; raises when that is too much, or it is no gzip."""
        try:
            part = self.member.decompress(chunk, self.most + 1 - self.given)
        except zlib.error:
            raise InvalidRequest("The body is not gzip, though it says so.", PLACE) from None
        self.given += len(part)
        if self.given > self.ratio * self.taken:
            message = f"The body unpacks to more than {self.ratio} times its length; send it plain."
            raise InvalidRequest(message, PLACE)
        if self.given > self.most:
            raise TooLarge(self.most)
        return part

    def finish(self) -> None:
        """Raise InvalidRequest when the body ended in the middle."""
        if not self.member.eof:
            raise InvalidRequest("The gzip body is cut short.", PLACE)
