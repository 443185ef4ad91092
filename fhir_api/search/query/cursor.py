"""Where a page ends, sealed into the `next` link: nobody can read, change or move it.

It holds the sort keys of the last match, which may be stored dates: they are encrypted with
AES-256-GCM under a key of their own, and what was searched is authenticated with them. The nonce is
made of what it seals, so that the same page has the same link.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fhir_api.errors import InvalidRequest, place_of
from fhir_api.json_text import dump, parse
from fhir_api.search.query.controls import CURSOR
from privacy.keys import SiteKeys

NONCE_BYTES = 12
Ends = Sequence[str | None]  # sort keys of the last match as texts, its number the last


class Cursors:
    """Seals and opens the cursors of one search.

    Args:
        keys: Of the site.
        search: What is searched, the same on every page.
    """

    def __init__(self, keys: SiteKeys, search: str) -> None:
        self.key = hmac.digest(keys.vault, b"homeward/search/cursor", "sha256")
        self.search = f"{keys.site}\0{search}".encode()

    def seal(self, ends: Ends) -> str:
        """The cursor of a page's last match."""
        content = dump(list(ends))
        nonce = hmac.digest(self.key, self.search + content, "sha256")[:NONCE_BYTES]
        sealed = AESGCM(self.key).encrypt(nonce, content, self.search)
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, cursor: str) -> list[str | None]:
        """Where a page begins; raises InvalidRequest for what this search did not seal."""
        try:
            sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            ends: list[str | None] = parse(AESGCM(self.key).decrypt(nonce, secret, self.search))
        except (InvalidTag, Error, ValueError) as error:
            message = f"{CURSOR} is not one of this search; begin again without it."
            raise InvalidRequest(message, place_of(CURSOR)) from error
        return ends
