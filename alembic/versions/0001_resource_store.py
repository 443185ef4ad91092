"""The resource store: versions, heads, identifiers.

Revision ID: 0001
Revises: nothing
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from fhir_api.store.tables import TransactionId

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TRANSACTION = "Transaction that wrote the row; the change feed reads below a watermark of these"
BUCKET = "0 to 1023 by sha256 of patient_id (of resource_id for shared ones), for Spark"
RECORDED = "UTC; when we stored it, not when it happened"
DIGEST = "sha256 of the body, keys sorted; tells a replay from a change"
BODY = "The resource after de-identification; null when deleted"


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
        column("version", sa.Integer(), "1, 2, 3 in the order received"),
        column("seq", sa.BigInteger(), "Order of writing; has gaps", sa.Identity(always=True)),
        column("transaction_id", TransactionId(), TRANSACTION, default="pg_current_xact_id()"),
        patient_column("Whose compartment it is in; null for shared ones"),
        column("patient_bucket", sa.SmallInteger(), BUCKET),
        column("recorded_at", sa.DateTime(timezone=True), RECORDED, default="now()"),
        column("deleted", sa.Boolean(), "True for the version that ends a resource"),
        column("digest", sa.LargeBinary(), DIGEST),
        column("policy", sa.String(80), "Name and digest of the policy that cleaned it"),
        sa.Column("body", postgresql.JSONB(), comment=BODY),
        sa.CheckConstraint("version >= 1", name="counts_from_one"),
        sa.CheckConstraint("deleted = (body IS NULL)", name="body_unless_deleted"),
        sa.CheckConstraint("patient_bucket >= 0 AND patient_bucket < 1024", name="bucket_in_range"),
        sa.PrimaryKeyConstraint("site", "resource_type", "resource_id", "version"),
        comment="De-identified FHIR R4 resources, one row a version",
    )
    by_patient = "ix_resource_version_site_patient_id_resource_type"
    op.create_index(by_patient, "resource_version", ["site", "patient_id", "resource_type"])
    by_transaction = "ix_resource_version_site_transaction_id"
    op.create_index(by_transaction, "resource_version", ["site", "transaction_id"])


def create_resource_head() -> None:
    op.create_table(
        "resource_head",
        name_column("site", "The hospital, our tenant"),
        name_column("resource_type", "R4 type name"),
        name_column("resource_id", "Pseudonym"),
        column("version", sa.Integer(), "The newest version"),
        column("deleted", sa.Boolean(), "True when the newest version is a deletion"),
        column("digest", sa.LargeBinary(), "sha256 of the newest body"),
        patient_column("Whose compartment it is in"),
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


def column(
    name: str, kind: Any, comment: str, *parts: Any, default: str | None = None
) -> "sa.Column[Any]":
    given = {} if default is None else {"server_default": sa.text(default)}
    return sa.Column(name, kind, *parts, nullable=False, comment=comment, **given)


def name_column(name: str, comment: str) -> "sa.Column[Any]":
    return column(name, sa.String(64), comment)


def patient_column(comment: str) -> "sa.Column[Any]":
    return sa.Column("patient_id", sa.String(64), comment=comment)
