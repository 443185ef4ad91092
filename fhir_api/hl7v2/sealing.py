"""Messages and states, sealed under a key made from the site's quarantine key."""

import hmac
import re

from privacy.keys import SiteKeys
from privacy.sealing import Box, key_for

LINE_ENDS = re.compile(rb"[\r\n]+")


class Seal(Box):
    """Seals and opens for one site; what a blob is for is the name it is bound to."""

    def __init__(self, keys: SiteKeys) -> None:
        super().__init__(key_for("hl7v2", keys.quarantine, keys.site), keys.site)
        self.hashing = keys.identifier

    def fingerprint(self, sender: tuple[str, str], control_id: str, content: bytes) -> bytes:
        """A keyed hash by which a resend is known; line ends may differ between two copies."""
        named = "\0".join(("hl7v2", self.site, *sender, control_id)).encode()
        body = LINE_ENDS.sub(b"\r", content.strip())
        return hmac.digest(self.hashing, named + b"\0" + body, "sha256")
