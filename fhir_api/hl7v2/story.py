"""What the audit trail is told of a message: whose records it was about, and how it ended.

Names of senders and control ids are free text and stay out: the request id is the start of the
fingerprint under which the message, or its dead letter, is kept.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from fhir_api.audit.event import MESSAGE, Access
from fhir_api.hl7v2.wire.refusals import INTERNAL, LOCKED, Refusal, Rejected
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

DONE, UNREAD, AWAY, UNACCEPTABLE, MISTAKE = 200, 400, 503, 422, 500
ID_BYTES = 16


@dataclass(slots=True)
class Story:
    """A message as far as it is known.

    Attributes:
        event: Trigger event; empty until the header has been read.
        subjects: Type and id of the patients and the visit it is about.
        digest: Its fingerprint; a random name for what has none.
    """

    event: str = ""
    subjects: Sequence[tuple[str, str]] = ()
    digest: bytes = field(default_factory=lambda: secrets.token_bytes(ID_BYTES))

    def access(self, refusal: Refusal | None, keys: SiteKeys) -> Access:
        """The message as one access."""
        named = {f"{kind}/{pseudonym(keys, kind, id_)}" for kind, id_ in self.subjects}
        return Access(
            f"{MESSAGE}-{self.event}" if self.event else MESSAGE,
            status_of(refusal),
            self.digest[:ID_BYTES].hex(),
            MESSAGE,
            patients=tuple(sorted(each for each in named if each.startswith("Patient/"))),
            resources=tuple(sorted(named)),
        )


def status_of(refusal: Refusal | None) -> int:
    """How a message ended, as HTTP would say it."""
    if refusal is None:
        return DONE
    ours = refusal.code in {INTERNAL, LOCKED}
    if isinstance(refusal, Rejected):
        return AWAY if ours else UNREAD
    return MISTAKE if ours else UNACCEPTABLE
