"""An index by which Spark reads the store in parallel ranges of patients.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_resource_version_site_patient_bucket"


def upgrade() -> None:
    op.create_index(op.f(NAME), "resource_version", ["site", "patient_bucket"])


def downgrade() -> None:
    op.drop_index(op.f(NAME), table_name="resource_version")
