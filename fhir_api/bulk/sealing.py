"""What a client asked of a job, sealed: it may name patients, and hold tokens for its sources."""

import hashlib
import hmac
from typing import Any

from fhir_api.json_text import dump, parse
from privacy.keys import SiteKeys
from privacy.sealing import Box, key_for


class Seal:
    """Seals and opens the requests of one site's jobs."""

    def __init__(self, keys: SiteKeys) -> None:
        self.box = Box(key_for("bulk", keys.vault, keys.site), keys.site)
        self.token_key = key_for("bulk token", keys.vault, keys.site)

    def close(self, job: str, value: Any) -> bytes:
        """Nonce and ciphertext of a JSON value."""
        return self.box.close(job, dump(value))

    def open(self, job: str, sealed: bytes) -> Any:
        """The value; raises cryptography's InvalidTag when it was sealed for another job."""
        return parse(self.box.open(job, sealed))

    def token(self, *names: str) -> str:
        """A keyed token by which names are found again without being kept."""
        message = "\0".join(f"{len(name)}:{name}" for name in names).encode()
        return hmac.new(self.token_key, message, hashlib.sha256).hexdigest()
