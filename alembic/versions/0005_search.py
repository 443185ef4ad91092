"""Search values; numbers and times of heads.

Rows that are there get their numbers from the sequence and their times from their newest version;
their search values are made by `fhir_api.search.index.reindex`, which needs the rules, not SQL.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIMES = """
    UPDATE resource_head h SET recorded_at = v.recorded_at FROM resource_version v
    WHERE (v.site, v.resource_type, v.resource_id, v.version)
        = (h.site, h.resource_type, h.resource_id, h.version)
"""
STATISTICS = """
    CREATE STATISTICS search_value_lane_code (mcv) ON lane, code, system FROM search_value
"""  # codes go with lanes: without it the planner is wrong by a factor of a hundred
MANY = "ALTER STATISTICS search_value_lane_code SET STATISTICS 1000"
HEAD, VERSION, VALUES = "resource_head", "resource_version", "search_value"
HEAD_NUMBER = sa.Sequence("resource_head_number")
HEAD_COLUMNS = (
    ("number", sa.BigInteger(), "nextval('resource_head_number')",
     "Order of first writing, one count for all sites; what the search index names"),
    ("recorded_at", sa.DateTime(timezone=True), "now()",
     "UTC; when the newest version was stored"),
    ("indexed", sa.SmallInteger(), "0",
     "Edition of the rules by which its search values were made; 0 for none"),
)  # fmt: skip
INDEXES = (
    (HEAD, ("site", "resource_type", "recorded_at", "number")),
    (HEAD, ("site", "patient_id", "resource_type", "number")),
    (VERSION, ("site", "resource_type", "seq")),
    (VERSION, ("site", "seq")),
    (VERSION, ("site", "recorded_at")),
)
PARTIAL = (
    ("code", ("lane", "code", "system", "resource")),
    ("starts", ("lane", "starts", "ends", "resource")),
    ("low", ("lane", "low", "high", "resource")),
)
COMMENTS = (
    (VERSION, "digest", "sha256 of the body, keys sorted; tells a replay from a change",
     "sha256 of the body and keyed tokens; tells a replay from a change"),
    (HEAD, "digest", "sha256 of the newest body",
     "sha256 of the newest body and its keyed tokens"),
    ("resource_identifier", "token", "HMAC of system and value under the site's key",
     "HMAC of system and value (i1…) or value (i2…) under the site's key"),
)  # fmt: skip


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(HEAD_NUMBER))
    for name, kind, default, comment in HEAD_COLUMNS:
        default_of = sa.text(default)
        op.add_column(
            HEAD, sa.Column(name, kind, nullable=False, server_default=default_of, comment=comment)
        )
    op.execute(TIMES)
    op.create_unique_constraint("uq_resource_head_number", HEAD, ["number"])
    for table, columns in INDEXES:
        op.create_index(name_of(table, columns), table, list(columns))
    for table, name, was, says in COMMENTS:
        op.alter_column(table, name, comment=says, existing_comment=was)
    create_search_value()


def create_search_value() -> None:
    op.create_table(
        VALUES,
        column("resource", sa.BigInteger(), "resource_head.number", nullable=False),
        column(
            "lane",
            sa.BigInteger(),
            "First 8 bytes of sha256 of site, resource type and parameter",
            nullable=False,
        ),
        column(
            "place",
            sa.SmallInteger(),
            "0; for halves of a composite the element they share, from 1",
            nullable=False,
        ),
        column("system", sa.Text(), "Of a code; version of a canonical; a string as stored"),
        column(
            "code",
            sa.Text(),
            "Code, keyed identifier, uri, Type/pseudonym, unit, or a string made comparable",
        ),
        column("starts", sa.DateTime(timezone=True), "First moment of a stored (shifted) date"),
        column("ends", sa.DateTime(timezone=True), "First moment after it"),
        column("low", sa.Numeric(), "Least value that a number stands for, inclusive"),
        column("high", sa.Numeric(), "Greatest value it stands for, exclusive"),
        comment="What the newest version of each resource can be found by",
    )
    for name, columns in PARTIAL:
        has_it = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_search_value_{name}", VALUES, list(columns), postgresql_where=has_it)
    op.create_index("ix_search_value_resource", VALUES, ["resource"])
    op.execute(STATISTICS)
    op.execute(MANY)


def downgrade() -> None:
    op.drop_table(VALUES)
    for table, name, was, says in COMMENTS:
        op.alter_column(table, name, comment=was, existing_comment=says)
    for table, columns in INDEXES:
        op.drop_index(name_of(table, columns), table_name=table)
    for name, *_ in HEAD_COLUMNS:
        op.drop_column(HEAD, name)
    op.execute(sa.schema.DropSequence(HEAD_NUMBER))


def column(name: str, kind: Any, comment: str, *, nullable: bool = True) -> "sa.Column[Any]":
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def name_of(table: str, columns: tuple[str, ...]) -> str:
    return "_".join(("ix", table, *columns))
