"""What a build's machine was given, by digest; of builds of before, nothing is known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("builds", sa.Column("digests", sa.Text))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("builds", "digests")
