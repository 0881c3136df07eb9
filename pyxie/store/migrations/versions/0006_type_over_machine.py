"""Which way a build's type lies: builds of before go on as they began, with it beneath."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add where the type lies."""
    beneath = sa.Column("beneath", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("builds", beneath)


def downgrade() -> None:
    """Let all lie beneath."""
    op.drop_column("builds", "beneath")
