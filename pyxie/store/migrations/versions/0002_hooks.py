"""Build types, bodies, reports of failure; and the hooks that are owed and were run."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for the builds there are; create the table."""
    for column in (
        sa.Column("build_type", sa.String(64), nullable=False, server_default=""),
        sa.Column("body", sa.Text, nullable=False, server_default=""),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("log", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("builds", column)
    op.create_table(
        "hooks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("build_id", sa.Integer, sa.ForeignKey("builds.id")),
        sa.Column("host", sa.String(253), nullable=False),
        sa.Column("mac", sa.String(17)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("hook", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
    )
    op.create_index("hooks_build", "hooks", ["build_id"])
    op.create_index("hooks_state", "hooks", ["state"])


def downgrade() -> None:
    """Drop the table and the columns."""
    op.drop_table("hooks")
    for name in ("log", "reason", "body", "build_type"):
        op.drop_column("builds", name)
