"""What was said that a build will wipe; of builds of before, nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what was said."""
    op.add_column("builds", sa.Column("forecast", sa.Text))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("builds", "forecast")
