"""Whether what a build's call names is as good as the operator's; of builds of before it is not."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    column = sa.Column("believed", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("builds", column)


def downgrade() -> None:
    """Forget it."""
    op.drop_column("builds", "believed")
