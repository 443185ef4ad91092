"""Public keys of clients: inline as registered, or from their address, kept as long as they say.

A set is fetched again when its Cache-Control has run out, five minutes at most, and once for a key
id that it does not hold, so that a rotation is seen. Between two fetches of one address lie at
least ten seconds, whoever asks; keys we have outlive a fetch that fails.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from fhir_api.errors import FhirError
from fhir_api.outbound.client import Answer

Jwk = dict[str, Any]
Fetch = Callable[[str], Answer]
LARGEST = 64 << 10  # bytes of a key set
MOST_KEYS = 100
KEPT_AT_MOST = timedelta(minutes=5)
BETWEEN_FETCHES = timedelta(seconds=10)
MAX_AGE = re.compile(r"max-age=\"?([0-9]{1,9})")
NOT_KEPT = re.compile(r"no-store|no-cache")
OK = 200


@dataclass(slots=True)
class Kept:
    """Keys of one address."""

    asked_at: datetime
    fresh_until: datetime
    keys: list[Jwk]


class KeySets:
    """Keys behind addresses, kept in this process.

    Args:
        fetch: Asks an address; may raise FhirError when it may not or cannot.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, Kept] = {}
        self._locks: dict[str, Lock] = {}

    def keys(self, address: str, kid: str, now: datetime) -> list[Jwk]:
        """The keys behind an address, looked up anew when they are old or lack the key id."""
        with self._locks.setdefault(address, Lock()):  # a slow address holds up its own clients
            kept = self._kept.get(address)
            if kept is None or self.is_due(kept, kid, now):
                kept = self._kept[address] = self.fetched(address, kept, now)
            return kept.keys

    @staticmethod
    def is_due(kept: Kept, kid: str, now: datetime) -> bool:
        """Whether to ask again."""
        wanted = now >= kept.fresh_until or all(key.get("kid") != kid for key in kept.keys)
        return wanted and now - kept.asked_at >= BETWEEN_FETCHES

    def fetched(self, address: str, before: Kept | None, now: datetime) -> Kept:
        """What the address says; what it said before when it does not answer."""
        try:
            answer = self._fetch(address)
        except FhirError:
            answer = None
        keys = keys_in(answer.body) if answer is not None and answer.status == OK else None
        if answer is None or keys is None:
            return Kept(now, now, before.keys if before else [])
        return Kept(now, now + kept_for(answer.headers), keys)


def keys_in(body: bytes) -> list[Jwk] | None:
    """The keys of a JWK Set; None when it is none, or too large."""
    if len(body) > LARGEST:
        return None
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    keys = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        return None
    return [key for key in keys if isinstance(key, dict)]


def kept_for(headers: Mapping[str, str]) -> timedelta:
    """How long an answer may be used without asking again."""
    said = headers.get("cache-control", "").lower()
    if NOT_KEPT.search(said):
        return timedelta(0)
    age = MAX_AGE.search(said)
    return min(timedelta(seconds=int(age[1])), KEPT_AT_MOST) if age else KEPT_AT_MOST
