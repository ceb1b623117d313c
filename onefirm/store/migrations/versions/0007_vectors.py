"""Vectors of passages, for the optional search by meaning; they go with their passage."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "vector",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("passage_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("v", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["passage_id"], ["passage.id"], ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("vector_by_passage", "vector", ["passage_id"], unique=False)
    op.create_index("vector_by_model", "vector", ["model", "id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Put the backup back instead.")
