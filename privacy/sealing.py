"""Sealing what has to be read again by us and by nobody else: AES-256-GCM, bound to its place.

Site and name are authenticated with the content, so that what was sealed for one row cannot be
opened in another. Each purpose has a key of its own, derived (HKDF, RFC 5869) from one that is held
outside the database.
"""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
NONCE_BYTES = 12


def key_for(purpose: str, key: bytes, site: str) -> bytes:
    """The key of one purpose at one site, made from a key of the site; 32 bytes."""
    info = f"homeward/1/{purpose}\0{site}".encode()
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=info).derive(key)


class Box:
    """Seals and opens under one key.

    Args:
        key: 32 bytes.
        site: The hospital.
    """

    def __init__(self, key: bytes, site: str) -> None:
        self.cipher = AESGCM(key)
        self.site = site

    def close(self, name: str, content: bytes) -> bytes:
        """Nonce and ciphertext of what is kept under a name."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, content, self.bound_to(name))

    def open(self, name: str, sealed: bytes) -> bytes:
        """The content.

        Raises:
            InvalidTag: (of cryptography) It was sealed under another key, site or name.
        """
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self.cipher.decrypt(nonce, secret, self.bound_to(name))

    def bound_to(self, name: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"{self.site}\0{name}".encode()
