"""Tables of subscriptions, their outbox, and the positions of those who read the change feed."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base
from fhir_api.store.tables import TransactionId

Moment = DateTime(timezone=True)


class FeedConsumer(Base):
    """How far a reader of the change feed has come; moved with the reader's own writes."""

    __tablename__ = "feed_consumer"
    __table_args__ = ({"comment": "How far each reader of the change feed has come"},)

    site: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="The hospital, our tenant"
    )
    consumer: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Who reads")
    transaction_id: Mapped[int] = mapped_column(
        TransactionId(), comment="Changes of transactions below it have been read"
    )
    seq: Mapped[int] = mapped_column(
        BigInteger, comment="Of this transaction, changes up to it have been read"
    )
    moved_at: Mapped[datetime] = mapped_column(
        Moment, server_default=func.now(), comment="UTC; when it last moved"
    )


class Subscription(Base):
    """What a client wants to be told of, where, and how far telling it has come."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("status IN ('requested', 'active', 'error', 'off')", name="known_status"),
        CheckConstraint("delivered >= 0 AND delivered <= events", name="delivers_what_happened"),
        Index(None, "site", "client"),
        {"comment": "Topic-based subscriptions, one row each"},
    )

    site: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="The hospital, our tenant"
    )
    subscription_id: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Given by the server"
    )
    client: Mapped[str] = mapped_column(Text, comment="Whose it is; no other client sees it")
    identified: Mapped[bool] = mapped_column(
        Boolean, comment="Whether the client sees real ids and true dates"
    )
    patients: Mapped[list[str] | None] = mapped_column(
        ARRAY(String(64)), comment="Pseudonyms of those the client may see; null for everybody"
    )
    version: Mapped[int] = mapped_column(Integer, comment="1, 2, 3 with each change by the client")
    updated_at: Mapped[datetime] = mapped_column(Moment, comment="UTC; when the client changed it")
    status: Mapped[str] = mapped_column(String(16), comment="requested, active, error or off")
    topic: Mapped[str] = mapped_column(Text, comment="Canonical URL of the topic")
    filters: Mapped[list[Any]] = mapped_column(
        JSONB, comment="Parameter and values of each filter; references are pseudonyms"
    )
    endpoint: Mapped[str] = mapped_column(Text, comment="Where notifications are posted")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Headers, reason and contacts: AES-256-GCM, bound to this row"
    )
    content: Mapped[str] = mapped_column(String(16), comment="empty, id-only or full-resource")
    payload: Mapped[str] = mapped_column(String(64), comment="MIME type of a notification")
    heartbeat_s: Mapped[int | None] = mapped_column(Integer, comment="Seconds of silence at most")
    timeout_s: Mapped[int | None] = mapped_column(Integer, comment="Seconds to wait for an answer")
    max_count: Mapped[int | None] = mapped_column(Integer, comment="Events in a notification")
    ends_at: Mapped[datetime | None] = mapped_column(Moment, comment="UTC; off from then on")
    from_transaction: Mapped[int | None] = mapped_column(
        TransactionId(), comment="Changes from it on are events; null until the first handshake"
    )
    events: Mapped[int] = mapped_column(BigInteger, comment="Number of its newest event")
    delivered: Mapped[int] = mapped_column(
        BigInteger, comment="Number of the newest event that was received"
    )
    attempts: Mapped[int] = mapped_column(Integer, comment="Failures since the last success")
    next_attempt_at: Mapped[datetime] = mapped_column(Moment, comment="UTC; not before")
    last_contact_at: Mapped[datetime | None] = mapped_column(
        Moment, comment="UTC; the last notification that was received"
    )
    problem: Mapped[str | None] = mapped_column(Text, comment="Why the last attempt failed")
    leased_until: Mapped[datetime | None] = mapped_column(
        Moment, comment="UTC; until then one worker alone delivers"
    )
    lease: Mapped[str | None] = mapped_column(String(36), comment="Which worker's attempt it is")


class SubscriptionEvent(Base):
    """The outbox: one event of one subscription, numbered without gaps."""

    __tablename__ = "subscription_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site", "subscription_id"],
            ["subscription.site", "subscription.subscription_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("number >= 1", name="counts_from_one"),
        {"comment": "Events of subscriptions, written with the position of the feed"},
    )

    site: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="The hospital, our tenant"
    )
    subscription_id: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Whose event it is"
    )
    number: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 without gaps"
    )
    resource_type: Mapped[str] = mapped_column(String(64), comment="R4 type name of the focus")
    resource_id: Mapped[str] = mapped_column(String(64), comment="Pseudonym of the focus")
    version: Mapped[int] = mapped_column(Integer, comment="Version of the focus")
    patient_id: Mapped[str | None] = mapped_column(
        String(64), comment="Pseudonym of the patient whose compartment the focus is in"
    )
    occurred_at: Mapped[datetime] = mapped_column(
        Moment, comment="UTC; when the focus was stored, not when it happened"
    )
    dead_at: Mapped[datetime | None] = mapped_column(
        Moment, comment="UTC; when the last attempt to deliver it failed"
    )
