"""Keyed hashes and seals of the authorization server.

What is looked up (codes, tokens, launches, secrets) is kept as HMAC-SHA256; what has to be read
again (who is in context, private keys) is sealed with AES-256-GCM. Both keys are derived from the
vault's key of the site, which is held outside the database, and open nothing else.
"""

import hmac

from cryptography.exceptions import InvalidTag

from privacy.keys import SiteKeys
from privacy.sealing import Box, key_for


class Seal:
    """Hashes and seals of one site."""

    def __init__(self, keys: SiteKeys) -> None:
        self.site = keys.site
        self._hash_key = key_for("smart hash", keys.vault, keys.site)
        self._box = Box(key_for("smart seal", keys.vault, keys.site), keys.site)

    def hash(self, purpose: str, text: str) -> bytes:
        """What a secret is found under; for one purpose, of one site."""
        message = f"{self.site}\0{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._hash_key, message, "sha256")

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Nonce and ciphertext; purpose and site are authenticated with it."""
        return self._box.close(purpose, content)

    def open(self, purpose: str, sealed: bytes) -> bytes | None:
        """The content; None when it was not sealed here for this purpose."""
        try:
            return self._box.open(purpose, sealed)
        except (InvalidTag, ValueError):
            return None
