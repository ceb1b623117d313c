"""What an answer of recall showed stands in its own row: a question waits for one row to be written, not nine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

_SHOWN = {
    "sqlite": "SELECT json_group_array(json_array(source, ref, part, outcome, outcome_by)) "
    "FROM (SELECT * FROM recall_item WHERE recall_id = recall_log.id ORDER BY rank)",
    "postgresql": "SELECT coalesce(jsonb_agg(jsonb_build_array(source, ref, part, outcome, outcome_by) ORDER BY rank), "
    "'[]') FROM recall_item WHERE recall_id = recall_log.id",
}


def upgrade() -> None:
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("recall_log", sa.Column("shown", json, nullable=False, server_default="[]"))
    op.execute(f"UPDATE recall_log SET shown = ({_SHOWN[op.get_bind().dialect.name]})")  # noqa: S608 - text of ours
    op.create_index("recall_log_by_session", "recall_log", ["session"], unique=False)
    op.drop_table("recall_item")


def downgrade() -> None:
    raise NotImplementedError("Put the backup back instead.")
