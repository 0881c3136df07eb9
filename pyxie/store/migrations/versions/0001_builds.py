"""Builds, and their transitions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "builds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("host", sa.String(253), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun", sa.Float, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
        sa.Column("macs", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("mac", sa.String(17)),
    )
    op.create_index("builds_host", "builds", ["host"])
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("build_id", sa.Integer, sa.ForeignKey("builds.id"), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("peer", sa.String(64)),
    )
    op.create_index("transitions_build", "transitions", ["build_id"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("transitions")
    op.drop_table("builds")
