"""The vault of names.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SEALED = "Nonce and ciphertext; site and name are authenticated with it"


def upgrade() -> None:
    op.create_table(
        "vault_name",
        sa.Column("site", sa.String(64), nullable=False, comment="The hospital, our tenant"),
        sa.Column(
            "name",
            sa.String(140),
            nullable=False,
            comment="Type/pseudonym, or that and #identifier",
        ),
        sa.Column("patient_id", sa.String(64), comment="Whose records first named it"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment=SEALED),
        sa.PrimaryKeyConstraint("site", "name"),
        comment="Real names of pseudonyms, each sealed with AES-256-GCM under the vault key",
    )
    op.create_index("ix_vault_name_site_patient_id", "vault_name", ["site", "patient_id"])


def downgrade() -> None:
    op.drop_table("vault_name")
