"""Keyed hashes and seals of the authorization server.

What is looked up (codes, tokens, launches, secrets) is kept as HMAC-SHA256; what has to be read
again (who is in context, private keys) is sealed with AES-256-GCM. Both keys are derived from the
vault's key of the site, which is held outside the database, and open nothing else.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from privacy.keys import SiteKeys

KEY_BYTES = 32
NONCE_BYTES = 12


class Seal:
    """Hashes and seals of one site."""

    def __init__(self, keys: SiteKeys) -> None:
        self.site = keys.site
        self._hash_key = derived(keys, "smart hash")
        self._cipher = AESGCM(derived(keys, "smart seal"))

    def hash(self, purpose: str, text: str) -> bytes:
        """What a secret is found under; for one purpose, of one site."""
        message = f"{self.site}\0{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._hash_key, message, "sha256")

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Nonce and ciphertext; purpose and site are authenticated with it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, self.bound_to(purpose))

    def open(self, purpose: str, sealed: bytes) -> bytes | None:
        """The content; None when it was not sealed here for this purpose."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, secret, self.bound_to(purpose))
        except (InvalidTag, ValueError):
            return None

    def bound_to(self, purpose: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"{self.site}\0{purpose}".encode()


def derived(keys: SiteKeys, purpose: str) -> bytes:
    """A key of its own for one purpose (HKDF-Expand, RFC 5869)."""
    info = f"homeward/1/{purpose}\0{keys.site}".encode()
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=info).derive(keys.vault)
