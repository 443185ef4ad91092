"""The model registry: versions, aliases and every promotion.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_model_promotion()
    create_model_version()
    create_model_alias()


def downgrade() -> None:
    op.drop_table("model_alias")
    op.drop_table("model_version")
    op.drop_table("model_promotion")


def create_model_promotion() -> None:
    op.create_table(
        "model_promotion",
        sa.Column(
            "number",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Order of the moves",
        ),
        sa.Column("site", sa.String(length=64), nullable=False, comment="The tenant"),
        sa.Column(
            "alias", sa.String(length=32), nullable=False, comment="champion, challenger or shadow"
        ),
        sa.Column(
            "version", sa.String(length=64), nullable=False, comment="Where the alias was moved to"
        ),
        sa.Column(
            "previous",
            sa.String(length=64),
            nullable=True,
            comment="Where it stood before; null the first time",
        ),
        sa.Column("promoted_by", sa.String(), nullable=False, comment="Who asked for it"),
        sa.Column("reason", sa.String(), nullable=False, comment="Why, in a sentence"),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_model_promotion")),
        comment="Audit of every promotion and roll-back",
    )
    op.create_index(
        op.f("ix_model_promotion_site_alias_promoted_at"),
        "model_promotion",
        ["site", "alias", "promoted_at"],
        unique=False,
    )


def create_model_version() -> None:
    op.create_table(
        "model_version",
        sa.Column("site", sa.String(length=64), nullable=False, comment="The tenant"),
        sa.Column(
            "version",
            sa.String(length=64),
            nullable=False,
            comment="Name made from the digest of the model's files",
        ),
        sa.Column("path", sa.String(), nullable=False, comment="Directory of the model's files"),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="sha256 of its manifest.json"
        ),
        sa.Column(
            "schema_hash", sa.String(length=64), nullable=False, comment="Of the feature catalogue"
        ),
        sa.Column(
            "metrics",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What training measured",
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("site", "version", name=op.f("pk_model_version")),
        comment="Trained models that were registered, one row a version",
    )


def create_model_alias() -> None:
    op.create_table(
        "model_alias",
        sa.Column("site", sa.String(length=64), nullable=False, comment="The tenant"),
        sa.Column(
            "alias", sa.String(length=32), nullable=False, comment="champion, challenger or shadow"
        ),
        sa.Column(
            "version", sa.String(length=64), nullable=False, comment="The version it stands for"
        ),
        sa.Column(
            "moved_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="UTC; when it was last moved",
        ),
        sa.ForeignKeyConstraint(
            ["site", "version"],
            ["model_version.site", "model_version.version"],
            name=op.f("fk_model_alias_site_version_model_version"),
        ),
        sa.PrimaryKeyConstraint("site", "alias", name=op.f("pk_model_alias")),
        comment="champion, challenger and shadow, and the version each stands for",
    )
