"""What a client asked of a job, sealed: it may name patients, and hold tokens for its sources.

AES-256-GCM under a key of its own made from the vault's (HKDF, RFC 5869); site and job are
authenticated, so that what was sealed for one job cannot be opened for another.
"""

import hashlib
import hmac
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fhir_api.json_text import dump, parse
from privacy.keys import SiteKeys

NONCE_BYTES = 12
KEY_BYTES = 32


class Seal:
    """Seals and opens the requests of one site's jobs."""

    def __init__(self, keys: SiteKeys) -> None:
        self.site = keys.site
        info = f"homeward/1/bulk\0{keys.site}".encode()
        derived = HKDF(algorithm=SHA256(), length=2 * KEY_BYTES, salt=None, info=info)
        both = derived.derive(keys.vault)
        self.cipher = AESGCM(both[:KEY_BYTES])
        self.token_key = both[KEY_BYTES:]

    def close(self, job: str, value: Any) -> bytes:
        """Nonce and ciphertext of a JSON value."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, dump(value), self.bound_to(job))

    def open(self, job: str, sealed: bytes) -> Any:
        """The value; raises cryptography's InvalidTag when it was sealed for another job."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return parse(self.cipher.decrypt(nonce, secret, self.bound_to(job)))

    def token(self, *names: str) -> str:
        """A keyed token by which names are found again without being kept."""
        message = "\0".join(f"{len(name)}:{name}" for name in names).encode()
        return hmac.new(self.token_key, message, hashlib.sha256).hexdigest()

    def bound_to(self, job: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"{self.site}\0{job}".encode()
