"""HL7 v2 messages.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SITE = "The hospital, our tenant"
DIGEST = "Keyed hash of sender, control id and content"
EVENT = "Trigger event, such as A01"


def upgrade() -> None:
    op.create_table(
        "hl7v2_message",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment=DIGEST),
        sa.Column("event", sa.String(8), nullable=False, comment=EVENT),
        sa.Column(
            "outcome",
            sa.String(16),
            nullable=False,
            comment="applied, or late: a newer message had been applied before",
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when it came",
        ),
        sa.PrimaryKeyConstraint("site", "digest"),
        comment="HL7 v2 messages taken in, so that a resend is known",
    )
    op.create_index("ix_hl7v2_message_site_received_at", "hl7v2_message", ["site", "received_at"])
    create_dead_letters()
    op.create_table(
        "hl7v2_subject",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column(
            "subject",
            sa.String(80),
            nullable=False,
            comment="Patient or Encounter and its pseudonym",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="Newest event time and, where the site keeps it, the resource as made",
        ),
        sa.PrimaryKeyConstraint("site", "subject"),
        comment="What messages told of each patient and visit, sealed",
    )


def create_dead_letters() -> None:
    op.create_table(
        "hl7v2_dead_letter",
        sa.Column(
            "number",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Order of arrival; has gaps",
        ),
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment=DIGEST),
        sa.Column("event", sa.String(8), nullable=False, comment=EVENT),
        sa.Column(
            "code", sa.SmallInteger(), nullable=False, comment="Of HL7 table 0357, such as 101"
        ),
        sa.Column(
            "place", sa.String(40), nullable=False, comment="Where it is wrong, such as PV1-44"
        ),
        sa.Column("reason", sa.String(500), nullable=False, comment="What is wrong; never a value"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="Nonce and ciphertext; site and digest are authenticated with it",
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when it first came",
        ),
        sa.Column("tries", sa.Integer(), nullable=False, comment="How often it was refused"),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            comment="UTC; when it was taken in after all",
        ),
        sa.PrimaryKeyConstraint("number"),
        comment="HL7 v2 messages that were refused, each sealed with AES-256-GCM",
    )
    op.create_index(
        "ix_hl7v2_dead_letter_site_digest", "hl7v2_dead_letter", ["site", "digest"], unique=True
    )


def downgrade() -> None:
    op.drop_table("hl7v2_subject")
    op.drop_table("hl7v2_dead_letter")
    op.drop_table("hl7v2_message")
