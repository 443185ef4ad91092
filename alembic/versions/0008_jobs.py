"""Jobs: bulk export, import and submissions.

Revision ID: 0008
Revises: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SITE = "The hospital, our tenant"
PROGRESS = "waiting for its turn"
SNAPSHOT = "pg_snapshot of what it exports; rows it does not show are not exported"
SEALED = "What was asked, sealed: it may name patients and hold passwords"
SUBMISSION_TOKEN = "Keyed token of what a client calls its submission"  # noqa: S105 - a comment
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_bulk_job()
    create_bulk_part()
    create_export_moment()
    create_bulk_manifest()
    create_bulk_stored()


def downgrade() -> None:
    for name in ("bulk_stored", "bulk_manifest", "export_moment", "bulk_part", "bulk_job"):
        op.drop_table(name)


def create_bulk_job() -> None:
    op.create_table(
        "bulk_job",
        text_column("site", 64, SITE),
        text_column("id", 64, "192 random bits; part of its URL"),
        text_column("kind", 16, "export, import or submission"),
        text_column("client", 255, "Client that began it"),
        text_column("token", 64, SUBMISSION_TOKEN, nullable=True),
        column("request", sa.LargeBinary(), SEALED),
        text_column("state", 16, "open, waiting, running, done or failed"),
        text_column("stage", 16, "Of a submission, as its client says", default="in-progress"),
        text_column("progress", 100, "For X-Progress", default=PROGRESS),
        column("attempt", sa.Integer(), "Leases since something was last finished", default="0"),
        text_column("holder", 64, "Worker that has leased it", nullable=True),
        column("leased_until", MOMENT, "When others may lease it", nullable=True),
        column("error", sa.Text(), "Why it failed; holds no value", nullable=True),
        column("snapshot", sa.Text(), SNAPSHOT, nullable=True),
        column("transaction_time", MOMENT, "Moment of the snapshot", nullable=True),
        column("created_at", MOMENT, "UTC"),
        column("polled_at", MOMENT, "When its status was last asked for", nullable=True),
        column("expires_at", MOMENT, "When it and its files are removed", nullable=True),
        sa.PrimaryKeyConstraint("site", "id"),
        comment="Bulk exports, imports and submissions",
    )
    by_state = "ix_bulk_job_site_state_created_at"
    op.create_index(by_state, "bulk_job", ["site", "state", "created_at"])
    op.create_index("uq_bulk_job_site_token", "bulk_job", ["site", "token"], unique=True)


def create_bulk_part() -> None:
    op.create_table(
        "bulk_part",
        text_column("site", 64, SITE),
        text_column("job", 64, "Its job"),
        text_column("step", 80, "Of the job's work, such as output/Patient"),
        column("number", sa.Integer(), "1, 2, 3 in the step"),
        text_column("section", 16, "output, deleted or error of the manifest; none when empty"),
        text_column("resource_type", 64, "Type of every line"),
        text_column("file", 120, "Name of the file; empty for none"),
        column("lines", sa.BigInteger(), "Lines of the file, or stored resources"),
        column("refused", sa.BigInteger(), "Resources of an input not stored"),
        text_column(
            "last", 64, "Pseudonym after which the step goes on; null when it is finished",
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("site", "job", "step", "number"),
        comment="Finished parts of bulk jobs, most of them files",
    )  # fmt: skip


def create_export_moment() -> None:
    op.create_table(
        "export_moment",
        text_column("site", 64, SITE),
        column("moment", MOMENT, "transactionTime"),
        column("snapshot", sa.Text(), "pg_snapshot at that moment"),
        sa.PrimaryKeyConstraint("site", "moment"),
        comment="Moments of exports, with what was to be seen at each",
    )


def create_bulk_manifest() -> None:
    op.create_table(
        "bulk_manifest",
        text_column("site", 64, SITE),
        text_column("job", 64, "Its submission"),
        column("number", sa.Integer(), "1, 2, 3 as sent"),
        text_column("token", 64, "Keyed token of its URL"),
        column("request", sa.LargeBinary(), "Where it is, sealed"),
        text_column("state", 16, "waiting, done or replaced"),
        column("replaces", sa.Integer(), "Number of the one it replaces", nullable=True),
        sa.PrimaryKeyConstraint("site", "job", "number"),
        comment="Manifests of submissions, in the order they were sent",
    )


def create_bulk_stored() -> None:
    op.create_table(
        "bulk_stored",
        text_column("site", 64, SITE),
        text_column("job", 64, "Its submission"),
        column("manifest", sa.Integer(), "Its manifest"),
        text_column("resource_type", 64, "R4 type name"),
        text_column("resource_id", 64, "Pseudonym"),
        column("before", sa.Integer(), "Its version before; 0 for none"),
        column(
            "after", sa.Integer(), "Its version after; null while it is being stored", nullable=True
        ),
        sa.PrimaryKeyConstraint("site", "job", "manifest", "resource_type", "resource_id"),
        comment="What each manifest of a submission stored",
    )


def text_column(name: str, length: int, comment: str, **given: Any) -> "sa.Column[Any]":
    if "default" in given:
        given["default"] = f"'{given['default']}'"
    return column(name, sa.String(length), comment, **given)


def column(
    name: str, kind: Any, comment: str, *, nullable: bool = False, default: str | None = None
) -> "sa.Column[Any]":
    given = {} if default is None else {"server_default": sa.text(default)}
    return sa.Column(name, kind, nullable=nullable, comment=comment, **given)
