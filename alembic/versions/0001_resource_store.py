"""The resource store: versions, heads, identifiers.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from fhir_api.store.tables import TransactionId

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_resource_version()
    create_resource_head()
    create_resource_identifier()


def downgrade() -> None:
    op.drop_table("resource_identifier")
    op.drop_table("resource_head")
    op.drop_table("resource_version")


def create_resource_version() -> None:
    op.create_table(
        "resource_version",
        name_column("site", "The hospital, our tenant"),
        name_column("resource_type", "R4 type name, such as Encounter"),
        name_column("resource_id", "Pseudonym, never the source id"),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, 2, 3 in the order received"),
        sa.Column(
            "seq",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Order of writing; has gaps",
        ),
        sa.Column(
            "transaction_id",
            TransactionId(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row; the change feed reads below a watermark of "
            "these",
        ),
        sa.Column(
            "patient_id",
            sa.String(64),
            comment="Whose compartment it is in; null for shared ones",
        ),
        sa.Column(
            "patient_bucket",
            sa.SmallInteger(),
            nullable=False,
            comment="0 to 1023 by sha256 of patient_id (of resource_id for shared ones), for Spark",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="UTC; when we stored it, not when it happened",
        ),
        sa.Column(
            "deleted",
            sa.Boolean(),
            nullable=False,
            comment="True for the version that ends a resource",
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="sha256 of the body, keys sorted; tells a replay from a change",
        ),
        sa.Column(
            "policy",
            sa.String(80),
            nullable=False,
            comment="Name and digest of the policy that cleaned it",
        ),
        sa.Column(
            "body",
            postgresql.JSONB(),
            comment="The resource after de-identification; null when deleted",
        ),
        sa.CheckConstraint("version >= 1", name="counts_from_one"),
        sa.CheckConstraint("deleted = (body IS NULL)", name="body_unless_deleted"),
        sa.CheckConstraint("patient_bucket >= 0 AND patient_bucket < 1024", name="bucket_in_range"),
        sa.PrimaryKeyConstraint("site", "resource_type", "resource_id", "version"),
        comment="De-identified FHIR R4 resources, one row a version",
    )
    op.create_index(
        "ix_resource_version_site_patient_id_resource_type",
        "resource_version",
        ["site", "patient_id", "resource_type"],
    )
    op.create_index(
        "ix_resource_version_site_transaction_id", "resource_version", ["site", "transaction_id"]
    )


def create_resource_head() -> None:
    op.create_table(
        "resource_head",
        name_column("site", "The hospital, our tenant"),
        name_column("resource_type", "R4 type name"),
        name_column("resource_id", "Pseudonym"),
        sa.Column("version", sa.Integer(), nullable=False, comment="The newest version"),
        sa.Column(
            "deleted",
            sa.Boolean(),
            nullable=False,
            comment="True when the newest version is a deletion",
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="sha256 of the newest body"),
        sa.Column("patient_id", sa.String(64), comment="Whose compartment it is in"),
        sa.PrimaryKeyConstraint("site", "resource_type", "resource_id"),
        comment="The newest version of each resource",
    )


def create_resource_identifier() -> None:
    op.create_table(
        "resource_identifier",
        name_column("site", "The hospital, our tenant"),
        name_column("resource_type", "R4 type name"),
        name_column("token", "HMAC of system and value under the site's key"),
        name_column("resource_id", "Pseudonym"),
        sa.PrimaryKeyConstraint("site", "resource_type", "token", "resource_id"),
        comment="Keyed tokens of identifiers; no identifier can be read from them",
    )
    op.create_index(
        "ix_resource_identifier_site_resource_type_resource_id",
        "resource_identifier",
        ["site", "resource_type", "resource_id"],
    )


def name_column(name: str, comment: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(64), nullable=False, comment=comment)
