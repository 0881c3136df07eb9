"""The history of events."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("mac", sa.String(17)),
        sa.Column("host", sa.String(253)),
        sa.Column("peer", sa.String(64)),
        sa.Index("events_host", "host"),
        sa.Index("events_mac", "mac"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("events")
