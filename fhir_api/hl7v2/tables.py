"""Tables of the HL7 v2 listener: what came, what was refused, what is known of patients and visits.

No row can be read without the site's keys: numbers and control ids stand as keyed hashes, messages
and states are sealed with AES-256-GCM.
"""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, Index, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base

Site = Annotated[str, mapped_column(String(64))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Hl7Message(Base):
    """A message that was taken in; a second copy of it changes nothing."""

    __tablename__ = "hl7v2_message"
    __table_args__ = (
        Index(None, "site", "received_at"),
        {"comment": "HL7 v2 messages taken in, so that a resend is known"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="Keyed hash of sender, control id and content"
    )
    event: Mapped[str] = mapped_column(String(8), comment="Trigger event, such as A01")
    outcome: Mapped[str] = mapped_column(
        String(16), comment="applied, or late: a newer message had been applied before"
    )
    received_at: Mapped[Moment] = mapped_column(comment="UTC; when it came")


class Hl7DeadLetter(Base):
    """A message that was refused, kept to be replayed after mending."""

    __tablename__ = "hl7v2_dead_letter"
    __table_args__ = (
        Index(None, "site", "digest", unique=True),
        {"comment": "HL7 v2 messages that were refused, each sealed with AES-256-GCM"},
    )

    number: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Order of arrival; has gaps"
    )
    site: Mapped[Site] = mapped_column(comment="The hospital, our tenant")
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Keyed hash of sender, control id and content"
    )
    event: Mapped[str] = mapped_column(String(8), comment="Trigger event, such as A01")
    code: Mapped[int] = mapped_column(SmallInteger, comment="Of HL7 table 0357, such as 101")
    place: Mapped[str] = mapped_column(String(40), comment="Where it is wrong, such as PV1-44")
    reason: Mapped[str] = mapped_column(String(500), comment="What is wrong; never a value")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Nonce and ciphertext; site and digest are authenticated with it"
    )
    received_at: Mapped[Moment] = mapped_column(comment="UTC; when it first came")
    tries: Mapped[int] = mapped_column(comment="How often it was refused")
    resolved_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="UTC; when it was taken in after all"
    )


class Hl7Subject(Base):
    """What the messages have told of a patient or a visit."""

    __tablename__ = "hl7v2_subject"
    __table_args__ = ({"comment": "What messages told of each patient and visit, sealed"},)

    site: Mapped[Site] = mapped_column(primary_key=True, comment="The hospital, our tenant")
    subject: Mapped[str] = mapped_column(
        String(80), primary_key=True, comment="Patient or Encounter and its pseudonym"
    )
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Newest event time and, where the site keeps it, the resource as made"
    )
