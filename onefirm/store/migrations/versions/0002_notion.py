"""Notion as the truth: what its pages are called here, and what was sent to it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "truth_page",
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("aside", _json(), nullable=True),
        sa.Column("also", _json(), nullable=True),
        sa.PrimaryKeyConstraint("page_id"),
        sa.UniqueConstraint("ref"),
    )
    op.create_table(
        "truth_step",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("write", _json(), nullable=False),
        sa.Column("before", _json(), nullable=True),
        sa.Column("page_id", sa.Text(), nullable=True),
        sa.Column("row", _json(), nullable=True),
        sa.PrimaryKeyConstraint("key", "number"),
    )
    op.create_index("truth_step_by_time", "truth_step", ["state", "at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("What was sent to Notion is known nowhere else: put the backup back instead.")
