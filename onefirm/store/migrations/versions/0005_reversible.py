"""Decisions say until which day they can be reversed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("decision", sa.Column("reversible_until", sa.Text(), nullable=True))
    op.create_index("decision_by_reversible_until", "decision", ["reversible_until"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Decisions are never changed: put the backup back instead.")
