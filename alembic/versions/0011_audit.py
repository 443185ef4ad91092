"""The audit trail, to which rows can be added and nothing else.

Whoever must prune it (a retention period has ended) says so in the transaction:
`SET LOCAL homeward.audit_keeper = 'on'`; docs/reference/audit.md.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REFUSE = """
    CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF coalesce(current_setting('homeward.audit_keeper', true), '') <> 'on' THEN
            RAISE EXCEPTION 'The audit trail is append-only.' USING ERRCODE = '42501';
        END IF;
        RETURN NULL;
    END $$
"""
GUARD = """
    CREATE TRIGGER audit_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only()
"""


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column(
            "number", sa.BigInteger(), sa.Identity(always=True), nullable=False,
            comment="Id of the AuditEvent",
        ),
        sa.Column("site", sa.String(64), nullable=False, comment="The hospital, our tenant"),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(),
            nullable=False, comment="UTC; when the access was answered",
        ),
        sa.Column(
            "interaction", sa.String(64), nullable=False,
            comment="https://hl7.org/fhir/R4/valueset-restful-interaction.html, "
            "or $ and an operation",
        ),
        sa.Column("action", sa.String(1), nullable=False, comment="C, R, U, D or E"),
        sa.Column(
            "status", sa.SmallInteger(), nullable=False, comment="HTTP status of the answer"
        ),
        sa.Column(
            "client", sa.String(255), nullable=False,
            comment="Id of the client; unknown when it did not prove who it is",
        ),
        sa.Column(
            "fhir_user", sa.String(140), nullable=True,
            comment="Type/pseudonym of the person on whose behalf",
        ),
        sa.Column(
            "patients", postgresql.ARRAY(sa.Text()), nullable=False,
            comment="Patient/pseudonym of whom it concerned",
        ),
        sa.Column(
            "resources", postgresql.ARRAY(sa.Text()), nullable=False,
            comment="Type/pseudonym, with /_history/ where a version was named",
        ),
        sa.Column(
            "query", sa.Text(), nullable=True,
            comment="Names of parameters; of values pseudonyms alone",
        ),
        sa.Column(
            "request_id", sa.String(64), nullable=False,
            comment="X-Request-Id, taken over or made",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_event")),
        comment="Who did what with whose records; append-only",
    )  # fmt: skip
    for columns in (["site", "recorded_at", "number"], ["site", "client", "number"]):
        op.create_index(op.f(f"ix_audit_event_{'_'.join(columns)}"), "audit_event", columns)
    op.create_index(
        "ix_audit_event_about",
        "audit_event",
        ["patients", "resources"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.execute(REFUSE)
    op.execute(GUARD)


def downgrade() -> None:
    op.drop_table("audit_event")
    op.execute("DROP FUNCTION audit_event_is_append_only()")
