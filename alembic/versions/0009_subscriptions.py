"""Subscriptions and their outbox.

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from fhir_api.store.tables import TransactionId

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SITE = "The hospital, our tenant"
SEALED = "Headers, reason and contacts: AES-256-GCM, bound to this row"
FROM = "Changes from it on are events; null until the first handshake"


def upgrade() -> None:
    create_feed_consumer()
    create_subscription()
    create_subscription_event()


def downgrade() -> None:
    op.drop_table("subscription_event")
    op.drop_table("subscription")
    op.drop_table("feed_consumer")


def create_feed_consumer() -> None:
    op.create_table(
        "feed_consumer",
        column("site", sa.String(64), SITE),
        column("consumer", sa.String(64), "Who reads"),
        column(
            "transaction_id", TransactionId(), "Changes of transactions below it have been read"
        ),
        column("seq", sa.BigInteger(), "Of this transaction, changes up to it have been read"),
        column("moved_at", MOMENT, "UTC; when it last moved", server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("site", "consumer"),
        comment="How far each reader of the change feed has come",
    )


def create_subscription() -> None:
    op.create_table(
        "subscription",
        *identity_columns(),
        *request_columns(),
        *progress_columns(),
        sa.CheckConstraint(
            "status IN ('requested', 'active', 'error', 'off')", name="known_status"
        ),
        sa.CheckConstraint("delivered >= 0 AND delivered <= events", name="delivers_what_happened"),
        sa.PrimaryKeyConstraint("site", "subscription_id"),
        comment="Topic-based subscriptions, one row each",
    )
    op.create_index("ix_subscription_site_client", "subscription", ["site", "client"])


def identity_columns() -> "list[sa.Column[Any]]":
    everybody = "Pseudonyms of those the client may see; null for everybody"
    return [
        column("site", sa.String(64), SITE),
        column("subscription_id", sa.String(64), "Given by the server"),
        column("client", sa.Text(), "Whose it is; no other client sees it"),
        column("identified", sa.Boolean(), "Whether the client sees real ids and true dates"),
        column("patients", postgresql.ARRAY(sa.String(64)), everybody, nullable=True),
        column("version", sa.Integer(), "1, 2, 3 with each change by the client"),
        column("updated_at", MOMENT, "UTC; when the client changed it"),
    ]


def request_columns() -> "list[sa.Column[Any]]":
    filters = "Parameter and values of each filter; references are pseudonyms"
    timeout = "Seconds to wait for an answer"
    return [
        column("status", sa.String(16), "requested, active, error or off"),
        column("topic", sa.Text(), "Canonical URL of the topic"),
        column("filters", postgresql.JSONB(), filters),
        column("endpoint", sa.Text(), "Where notifications are posted"),
        column("sealed", sa.LargeBinary(), SEALED),
        column("content", sa.String(16), "empty, id-only or full-resource"),
        column("payload", sa.String(64), "MIME type of a notification"),
        column("heartbeat_s", sa.Integer(), "Seconds of silence at most", nullable=True),
        column("timeout_s", sa.Integer(), timeout, nullable=True),
        column("max_count", sa.Integer(), "Events in a notification", nullable=True),
        column("ends_at", MOMENT, "UTC; off from then on", nullable=True),
    ]


def progress_columns() -> "list[sa.Column[Any]]":
    received = "Number of the newest event that was received"
    contact = "UTC; the last notification that was received"
    leased = "UTC; until then one worker alone delivers"
    return [
        column("from_transaction", TransactionId(), FROM, nullable=True),
        column("events", sa.BigInteger(), "Number of its newest event"),
        column("delivered", sa.BigInteger(), received),
        column("attempts", sa.Integer(), "Failures since the last success"),
        column("next_attempt_at", MOMENT, "UTC; not before"),
        column("last_contact_at", MOMENT, contact, nullable=True),
        column("problem", sa.Text(), "Why the last attempt failed", nullable=True),
        column("leased_until", MOMENT, leased, nullable=True),
        column("lease", sa.String(36), "Which worker's attempt it is", nullable=True),
    ]


def create_subscription_event() -> None:
    patient = "Pseudonym of the patient whose compartment the focus is in"
    dead = "UTC; when the last attempt to deliver it failed"
    op.create_table(
        "subscription_event",
        column("site", sa.String(64), SITE),
        column("subscription_id", sa.String(64), "Whose event it is"),
        column("number", sa.BigInteger(), "1, 2, 3 without gaps", autoincrement=False),
        column("resource_type", sa.String(64), "R4 type name of the focus"),
        column("resource_id", sa.String(64), "Pseudonym of the focus"),
        column("version", sa.Integer(), "Version of the focus"),
        column("patient_id", sa.String(64), patient, nullable=True),
        column("occurred_at", MOMENT, "UTC; when the focus was stored, not when it happened"),
        column("dead_at", MOMENT, dead, nullable=True),
        sa.ForeignKeyConstraint(
            ["site", "subscription_id"],
            ["subscription.site", "subscription.subscription_id"],
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("number >= 1", name="counts_from_one"),
        sa.PrimaryKeyConstraint("site", "subscription_id", "number"),
        comment="Events of subscriptions, written with the position of the feed",
    )


def column(name: str, kind: Any, comment: str, **more: Any) -> "sa.Column[Any]":
    return sa.Column(name, kind, **{"nullable": False, **more}, comment=comment)
