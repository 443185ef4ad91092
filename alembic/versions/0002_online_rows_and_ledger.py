"""Online rows and note vectors; predictions, outcomes and feedback.

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_note_vector()
    create_online_patient()
    create_prediction()
    create_feedback()
    create_outcome()


def downgrade() -> None:
    op.drop_table("outcome")
    op.drop_table("feedback")
    op.drop_table("prediction")
    op.drop_table("online_patient")
    op.drop_table("note_vector")


def create_note_vector() -> None:
    op.create_table(
        "note_vector",
        sa.Column("site", sa.String(length=64), nullable=False, comment="Tenant"),
        sa.Column(
            "note_key",
            sa.String(length=32),
            nullable=False,
            comment="Digest of the scrubbed text, never the text",
        ),
        sa.Column(
            "encoder_hash",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the encoder's weights and vocabulary",
        ),
        sa.Column("chunks", sa.Integer(), nullable=False, comment="How many vectors the note has"),
        sa.Column("width", sa.Integer(), nullable=False, comment="Numbers in one vector"),
        sa.Column(
            "vectors",
            sa.LargeBinary(),
            nullable=False,
            comment="float16, little-endian, chunk by chunk (`etl.notes.vectors`)",
        ),
        sa.CheckConstraint(
            "octet_length(vectors) = 2 * chunks * width",
            name=op.f("ck_note_vector_holds_all_chunks"),
        ),
        sa.PrimaryKeyConstraint("site", "note_key", "encoder_hash", name=op.f("pk_note_vector")),
        comment="Note embeddings, one row a text and encoder",
    )


def create_online_patient() -> None:
    op.create_table(
        "online_patient",
        sa.Column("site", sa.String(length=64), nullable=False, comment="Tenant"),
        sa.Column("patient_id", sa.String(length=64), nullable=False, comment="Pseudonym"),
        sa.Column(
            "watermark",
            sa.BigInteger(),
            nullable=False,
            comment="Transactions below it are in `events`; later ones are not",
        ),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="UTC; newest availability among the events, null if none",
        ),
        sa.Column(
            "schema_hash",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the feature catalogue of the run that wrote it",
        ),
        sa.Column(
            "events",
            sa.LargeBinary(),
            nullable=False,
            comment="Arrow IPC of the patient's events (`etl.events.table.to_bytes`)",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="UTC; when it was written",
        ),
        sa.PrimaryKeyConstraint("site", "patient_id", name=op.f("pk_online_patient")),
        comment="Events of one patient as of the last features run",
    )


def create_prediction() -> None:
    op.create_table(
        "prediction",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Made when the score was"),
        sa.Column("site", sa.String(length=64), nullable=False, comment="The hospital"),
        sa.Column(
            "patient_id",
            sa.String(length=64),
            nullable=False,
            comment="Pseudonym, never the source id",
        ),
        sa.Column(
            "encounter_id",
            sa.String(length=64),
            nullable=True,
            comment="Pseudonym of the stay; null when the chart was opened outside a stay",
        ),
        *score_columns(),
        sa.CheckConstraint(
            "arm in ('shown', 'silent', 'shadow')", name=op.f("ck_prediction_arm_is_known")
        ),
        sa.CheckConstraint(
            "inputs_known between 0 and inputs_total", name=op.f("ck_prediction_inputs_add_up")
        ),
        sa.CheckConstraint(
            "probability between 0 and 1", name=op.f("ck_prediction_probability_is_a_share")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction")),
        comment="Every score made for a hook call, shown or not",
    )
    op.create_index(op.f("ix_prediction_card_id"), "prediction", ["card_id"], unique=False)
    op.create_index(
        op.f("ix_prediction_site_patient_id_encounter_id"),
        "prediction",
        ["site", "patient_id", "encounter_id"],
        unique=False,
    )


def score_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "hook",
            sa.String(length=64),
            nullable=False,
            comment="CDS hook, such as encounter-discharge",
        ),
        sa.Column("hook_instance", sa.Uuid(), nullable=False, comment="hookInstance of the call"),
        sa.Column("service", sa.String(length=64), nullable=False, comment="Id of the CDS service"),
        sa.Column(
            "model_version",
            sa.String(length=128),
            nullable=False,
            comment="The artefact that answered",
        ),
        sa.Column(
            "schema_hash",
            sa.String(length=64),
            nullable=False,
            comment="Of the feature catalogue used",
        ),
        sa.Column(
            "feature_watermark",
            sa.BigInteger(),
            nullable=True,
            comment="Of the stored row the features began with; null when there was none",
        ),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment the score speaks of, shifted like every date of the patient",
        ),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when the score was made, not shifted",
        ),
        sa.Column(
            "probability",
            sa.Double(),
            nullable=False,
            comment="Of readmission within 30 days, 0 to 1",
        ),
        sa.Column(
            "base_rate", sa.Double(), nullable=False, comment="Of the data the model was trained on"
        ),
        sa.Column("arm", sa.String(length=8), nullable=False, comment="shown, silent or shadow"),
        sa.Column("inputs_known", sa.Integer(), nullable=False, comment="Inputs that were known"),
        sa.Column("inputs_total", sa.Integer(), nullable=False, comment="Inputs there are"),
        sa.Column(
            "latency_ms", sa.Double(), nullable=False, comment="From request to score, milliseconds"
        ),
        sa.Column("card_id", sa.Uuid(), nullable=True, comment="uuid of the card; null if none"),
    ]


def create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False, comment="The hospital"),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="sha256 of what was said; the same said twice is stored once",
        ),
        sa.Column("service", sa.String(length=64), nullable=False, comment="Id of the CDS service"),
        sa.Column("card_id", sa.Uuid(), nullable=False, comment="uuid of the card"),
        sa.Column(
            "prediction_id",
            sa.Uuid(),
            nullable=True,
            comment="Behind the card; null when the card is not one of ours",
        ),
        sa.Column(
            "outcome", sa.String(length=16), nullable=False, comment="accepted or overridden"
        ),
        sa.Column(
            "measure",
            sa.String(length=64),
            nullable=True,
            comment="Key of the suggestion that was accepted",
        ),
        sa.Column(
            "reason_code",
            sa.String(length=64),
            nullable=True,
            comment="One of the override reasons offered on the card",
        ),
        sa.Column(
            "commented", sa.Boolean(), nullable=False, comment="Whether a comment came with it"
        ),
        sa.Column(
            "outcome_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; by the client's clock",
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when we stored it",
        ),
        sa.CheckConstraint(
            "outcome in ('accepted', 'overridden')", name=op.f("ck_feedback_outcome_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["prediction.id"],
            name=op.f("fk_feedback_prediction_id_prediction"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("site", "digest", name=op.f("uq_feedback_site_digest")),
        comment="Feedback of CDS clients, one row an answer",
    )
    op.create_index(op.f("ix_feedback_prediction_id"), "feedback", ["prediction_id"], unique=False)


def create_outcome() -> None:
    op.create_table(
        "outcome",
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            sa.String(length=16),
            nullable=False,
            comment="none, unplanned, planned, death, or excluded with its reason",
        ),
        sa.Column(
            "event_day", sa.Integer(), nullable=True, comment="Days from discharge to the event"
        ),
        sa.Column(
            "discharged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="End of the stay, shifted",
        ),
        sa.Column(
            "label",
            sa.Boolean(),
            nullable=True,
            comment="Unplanned readmission within the horizon; null until matured, or excluded",
        ),
        sa.Column(
            "matured", sa.Boolean(), nullable=False, comment="Whether the horizon has passed"
        ),
        sa.Column(
            "reason",
            sa.String(length=128),
            nullable=True,
            comment="Why the stay is excluded by the label logic",
        ),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when this state was first seen",
        ),
        sa.CheckConstraint(
            "event in ('none', 'unplanned', 'planned', 'death', 'excluded')",
            name=op.f("ck_outcome_event_is_known"),
        ),
        sa.CheckConstraint(
            "matured = (label is not null)", name=op.f("ck_outcome_label_is_known_once_matured")
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["prediction.id"],
            name=op.f("fk_outcome_prediction_id_prediction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_outcome")),
        comment="What followed each prediction, by the label logic",
    )
