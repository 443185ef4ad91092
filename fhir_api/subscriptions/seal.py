"""What a subscription holds in secret: headers with credentials, and words a person has written.

AES-256-GCM like the vault's, under a key of its own made from the vault's (HKDF, RFC 5869); site
and subscription are authenticated, so that headers cannot be moved to another row.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fhir_api.json_text import dump, parse
from privacy.keys import SiteKeys

NONCE_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """The sealed part of a subscription.

    Attributes:
        headers: Lines such as `Authorization: Bearer …`.
        reason: Why the client subscribes.
        contact: ContactPoints for the operator.
        names: What the pseudonyms of the filters stand for, where the site keeps a way back.
    """

    headers: tuple[str, ...] = field(repr=False)
    reason: str = field(repr=False)
    contact: tuple[Any, ...] = field(default=(), repr=False)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)


class Seal:
    """Seals and opens the secrets of one site's subscriptions."""

    def __init__(self, keys: SiteKeys) -> None:
        self.site = keys.site
        info = f"homeward/1/subscription\0{keys.site}".encode()
        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
        self.cipher = AESGCM(derived.derive(keys.vault))

    def close(self, subscription_id: str, secrets: Secrets) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        plain = dump([secrets.headers, secrets.reason, secrets.contact, secrets.names])
        return nonce + self.cipher.encrypt(nonce, plain, self.bound_to(subscription_id))

    def open(self, subscription_id: str, sealed: bytes) -> Secrets:
        """The secrets; raises cryptography's InvalidTag when they were sealed for another row."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        plain = self.cipher.decrypt(nonce, secret, self.bound_to(subscription_id))
        headers, reason, contact, names = parse(plain)
        return Secrets(tuple(headers), reason, tuple(contact), names)

    def bound_to(self, subscription_id: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"{self.site}\0{subscription_id}".encode()
