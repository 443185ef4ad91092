"""What the header of a message says: from whom, which event, which version, which answer.

MSH of HL7 v2.8, 2.14.9, with what older versions left out.
"""

import re
from dataclasses import dataclass

from fhir_api.hl7v2.wire.message import Message
from fhir_api.hl7v2.wire.refusals import (
    MISSING,
    OTHER_EVENT,
    OTHER_PROCESSING,
    OTHER_TYPE,
    OTHER_VERSION,
    Place,
    Rejected,
)

VERSION = re.compile(r"2\.[1-8](\.[0-9]{1,2})?")
LONGEST_CONTROL_ID = 199


@dataclass(frozen=True, slots=True)
class Header:
    """The header, understood.

    Attributes:
        sender: MSH-3 and MSH-4 as sent.
        control_id: MSH-10.
        event: Trigger event, such as A01.
        accept: MSH-15, when to send an accept acknowledgement; empty in original mode.
        application: MSH-16, the same for the application acknowledgement.
    """

    sender: tuple[str, str]
    control_id: str
    event: str
    accept: str
    application: str

    @property
    def is_enhanced(self) -> bool:
        """Whether the sender asks for acknowledgements of the enhanced mode (v2.8, 2.9.3)."""
        return bool(self.accept or self.application)


def read_header(
    message: Message, events: frozenset[str], processing: frozenset[str], receivers: frozenset[str]
) -> Header:
    """The header of a message that is for us.

    Args:
        message: As read.
        events: Trigger events that are taken in.
        processing: Values of MSH-11 that are taken in.
        receivers: Values of MSH-5 or MSH-6 that mean us; empty when every message does.

    Raises:
        Rejected: It is of another type, event, version or processing id, or for somebody else.
    """
    msh = message.header
    if not msh.text(10) or len(msh.text(10)) > LONGEST_CONTROL_ID:
        raise Rejected(MISSING, Place("MSH", 10), "a message control id is needed.")
    refuse_version(msh.text(12))
    kind = msh.text(9)
    event = msh.text(9, 2) or message.first("EVN").text(1)
    if kind != "ADT":
        raise Rejected(OTHER_TYPE, Place("MSH", 9), "only ADT messages are taken in here.")
    if event not in events:
        known = ", ".join(sorted(events))
        raise Rejected(OTHER_EVENT, Place("MSH", 9), f"of ADT these are taken in: {known}.")
    if msh.text(11) not in processing:
        known = ", ".join(sorted(processing))
        raise Rejected(OTHER_PROCESSING, Place("MSH", 11), f"this listener takes in {known}.")
    if receivers and not receivers & {msh.text(5), msh.text(6)}:
        raise Rejected(OTHER_TYPE, Place("MSH", 5), "the message is for another receiver.")
    sender = (msh.raw(3), msh.raw(4))
    return Header(sender, msh.text(10), event, msh.text(15).upper(), msh.text(16).upper())


def refuse_version(version: str) -> None:
    """Raise Rejected unless the version is one of 2.1 to 2.8."""
    if not VERSION.fullmatch(version):
        raise Rejected(OTHER_VERSION, Place("MSH", 12), "versions 2.1 to 2.8 are read.")
