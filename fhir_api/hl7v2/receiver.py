"""One message in, its acknowledgements out: nothing is acknowledged before it is durable.

    read -> known already? -> convert -> store the resources -> record -> audit -> acknowledge

A resend of what was taken in is acknowledged alike and changes nothing. A message that is refused
is kept as a dead letter before it is told so. When the database does not answer, the message is
rejected with code 207 and the sender may send it again (HL7 v2.8, 2.9.2.2: AR).
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from fhir_api.audit.trail import AuditTrail
from fhir_api.errors import FhirError, StoreUnavailable, TrailUnavailable, VersionConflict
from fhir_api.hl7v2.conversion.convert import (
    Conversion,
    convert,
    subjects_of,
    without_stored,
)
from fhir_api.hl7v2.conversion.times import Clock
from fhir_api.hl7v2.conversion.vocabulary import Vocabulary
from fhir_api.hl7v2.journal import Journal, Page, Received
from fhir_api.hl7v2.story import Story
from fhir_api.hl7v2.wire.acknowledgement import Echo, acknowledgements, echo_of
from fhir_api.hl7v2.wire.header import Header, read_header
from fhir_api.hl7v2.wire.message import Message, read_message
from fhir_api.hl7v2.wire.refusals import (
    INTERNAL,
    LOCKED,
    WRONG_TYPE,
    Place,
    Refusal,
    Refused,
    Rejected,
)
from fhir_api.ingest.ingestor import Ingestor

APPLIED, LATE = "applied", "late"
AWAY = (StoreUnavailable, OperationalError, PoolTimeout)
WHOLE = Place("MSH")
ENTRY = re.compile(r"Bundle\.entry\[([0-9]{1,4})\](?:\.resource)?")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a listener takes in, and how.

    Attributes:
        vocabulary: Events and codes.
        zone: Of times that say no zone.
        processing: Values of MSH-11 taken in.
        receivers: Values of MSH-5 or MSH-6 that mean us; empty when every message does.
        keeps_states: Whether what was told of patients and visits is kept, sealed; a site without
            a vault keeps only the newest event times, and takes each message for the whole truth.
    """

    vocabulary: Vocabulary
    zone: tzinfo = UTC
    processing: frozenset[str] = frozenset({"P"})
    receivers: frozenset[str] = frozenset()
    keeps_states: bool = True


@dataclass(slots=True)
class Answer:
    """What is sent back.

    Attributes:
        replies: Acknowledgements, in order; none when the sender wants none.
        outcome: applied, late, known, refused or rejected.
        refusal: Why it was refused or rejected, or None.
    """

    replies: list[bytes] = field(default_factory=list)
    outcome: str = APPLIED
    refusal: Refusal | None = None


class Receiver:
    """Takes messages of one site in; with a trail, each message is put on record in it."""

    def __init__(
        self, ingestor: Ingestor, journal: Journal, rules: Rules, trail: AuditTrail | None = None
    ) -> None:
        self.ingestor = ingestor
        self.journal = journal
        self.rules = rules
        self.trail = trail
        self.events = frozenset(rules.vocabulary.events)

    def receive(self, content: bytes, now: datetime) -> Answer:
        """Take in the content of a frame; never raises for what a sender may send."""
        echo, asked, story = echo_of(content), ("", ""), Story()
        try:
            message = read_message(content)
            echo = Echo(message.header.fields, message.delimiters, message.codec)
            asked = asked_of(message)
            rules = self.rules
            header = read_header(message, self.events, rules.processing, rules.receivers)
            story.event = header.event
            answer = Answer(outcome=self.take(message, header, content, now, story))
        except Refusal as refusal:
            outcome = "refused" if isinstance(refusal, Refused) else "rejected"
            answer = Answer(outcome=outcome, refusal=refusal)
        self.put_on_record(answer, story)
        answer.replies = acknowledgements(echo, asked, answer.refusal, now)
        return answer

    def put_on_record(self, answer: Answer, story: Story) -> None:
        """Tell the audit trail; what cannot be put on record is not acknowledged."""
        if self.trail is None:
            return
        try:
            self.trail.record(story.access(answer.refusal, self.ingestor.keys))
        except TrailUnavailable:
            answer.outcome, answer.refusal = "rejected", unavailable()

    def take(
        self, message: Message, header: Header, content: bytes, now: datetime, story: Story
    ) -> str:
        """Store what a message says, or keep it as a dead letter and raise why."""
        seal = self.journal.seal
        digest = seal.fingerprint(header.sender, header.control_id, content)
        received, story.digest = Received(digest, header.event, now), digest
        try:
            return self.apply(message, received, story)
        except Rejected:
            raise
        except Exception as error:  # what nobody foresaw is a dead letter too, and told by its type
            refusal = refusal_of(error)
            if isinstance(refusal, Refused):
                self.bury(received, refusal, content)
            raise refusal from error

    def apply(self, message: Message, received: Received, story: Story) -> str:
        """Store the resources of a message and record it; what became of it."""
        vocabulary = self.rules.vocabulary
        clock = Clock(self.rules.zone, received.at)
        subjects = story.subjects = subjects_of(message, received.event, vocabulary)
        with self.journal.page() as page:
            page.lock(received.digest, subjects)
            if page.has(received.digest):
                return "known"
            known = page.known(subjects)
            conversion = convert(message, received.event, vocabulary, clock, known)
            page.remember(conversion.known, whole=self.rules.keeps_states)
            self.store(conversion, page)  # changes what it is given, so it comes last
            outcome = LATE if conversion.late else APPLIED
            page.record(received, outcome)
        return outcome

    def store(self, conversion: Conversion, page: Page) -> None:
        """Hand the transaction to the ingestor."""
        bundle = conversion.bundle
        if conversion.late:
            urls = (entry["request"]["url"] for entry in bundle["entry"])
            keys = [(kind, id_) for kind, _, id_ in (url.partition("/") for url in urls)]
            bundle = without_stored(bundle, conversion.late, page.stored(keys))
        kinds = [entry["request"]["url"].partition("/")[0] for entry in bundle["entry"]]
        try:
            if kinds:
                self.ingestor.transaction(bundle)
        except (StoreUnavailable, VersionConflict):
            raise
        except FhirError as error:
            message = f"as FHIR it is not acceptable. {told(error, kinds)}"
            raise Refused(WRONG_TYPE, WHOLE, message) from error

    def bury(self, received: Received, refusal: Refusal, content: bytes) -> None:
        """Keep a dead letter; raises Rejected when that cannot be done."""
        try:
            self.journal.bury(received, refusal, content)
        except AWAY as error:
            raise unavailable() from error


def asked_of(message: Message) -> tuple[str, str]:
    """MSH-15 and MSH-16."""
    return message.header.text(15).upper(), message.header.text(16).upper()


def refusal_of(error: Exception) -> Refusal:
    """How an error of ours is told to the sender."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, AWAY):
        return unavailable()
    if isinstance(error, VersionConflict):
        return Rejected(LOCKED, WHOLE, "others write the same records; send it again.")
    log.error("A message met a mistake of ours: %s", type(error).__name__)
    return Refused(INTERNAL, WHOLE, f"Homeward made a mistake of its own ({type(error).__name__}).")


def told(error: FhirError, kinds: Sequence[str]) -> str:
    """What is wrong, and where: `Encounter.period` for `Bundle.entry[2].resource.period`.

    The sender knows no Bundle; `kinds` are the types of its entries. Ours hold no value.
    """
    shown = " ".join(f"{issue.expression}: {issue.diagnostics}" for issue in error.issues[:3])
    return ENTRY.sub(lambda found: kinds[int(found[1])], shown)


def unavailable() -> Rejected:
    """The refusal of a message that cannot be stored just now."""
    return Rejected(INTERNAL, WHOLE, "the database does not answer; send it again.")
