"""Events as data; those of before have their text alone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what programs read."""
    op.add_column("events", sa.Column("code", sa.String(32)))
    op.add_column("events", sa.Column("data", sa.Text, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Leave the texts."""
    op.drop_column("events", "data")
    op.drop_column("events", "code")
