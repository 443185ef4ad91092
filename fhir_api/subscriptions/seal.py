"""What a subscription holds in secret: headers with credentials, and words a person has written.

Bound to the subscription, so that headers cannot be moved to another row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_api.json_text import dump, parse
from privacy.keys import SiteKeys
from privacy.sealing import Box, key_for


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
        self.box = Box(key_for("subscription", keys.vault, keys.site), keys.site)

    def close(self, subscription_id: str, secrets: Secrets) -> bytes:
        """Nonce and ciphertext."""
        plain = dump([secrets.headers, secrets.reason, secrets.contact, secrets.names])
        return self.box.close(subscription_id, plain)

    def open(self, subscription_id: str, sealed: bytes) -> Secrets:
        """The secrets; raises cryptography's InvalidTag when they were sealed for another row."""
        headers, reason, contact, names = parse(self.box.open(subscription_id, sealed))
        return Secrets(tuple(headers), reason, tuple(contact), names)
