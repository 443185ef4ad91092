"""Messages and states sealed with AES-256-GCM under the site's quarantine key.

What a blob is for is authenticated with it, so that none can be moved to another row or table.
"""

import hmac
import os
import re

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacy.keys import SiteKeys

NONCE_BYTES = 12
LINE_ENDS = re.compile(rb"[\r\n]+")


class Seal:
    """Seals and opens for one site."""

    def __init__(self, keys: SiteKeys) -> None:
        self.site = keys.site
        self.cipher = AESGCM(keys.quarantine)
        self.hashing = keys.identifier

    def close(self, purpose: str, content: bytes) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, content, self.bound_to(purpose))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The content; raises cryptography's InvalidTag when it was sealed for another purpose."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self.cipher.decrypt(nonce, secret, self.bound_to(purpose))

    def bound_to(self, purpose: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"hl7v2\0{self.site}\0{purpose}".encode()

    def fingerprint(self, sender: tuple[str, str], control_id: str, content: bytes) -> bytes:
        """A keyed hash by which a resend is known; line ends may differ between two copies."""
        named = "\0".join(("hl7v2", self.site, *sender, control_id)).encode()
        body = LINE_ENDS.sub(b"\r", content.strip())
        return hmac.digest(self.hashing, named + b"\0" + body, "sha256")
