"""Sources, whose text can only be erased or expire, and how facts stand."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

_GONE = (
    "OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.sha256 IS NULL AND NEW.ref = OLD.ref AND EXISTS "
    "(SELECT 1 FROM event WHERE id = NEW.tombstone AND kind IN ('payload.erased', 'source.expired'))"
)

_SQLITE = [
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
        for table, verb in (("source", "UPDATE"), ("source", "DELETE"), ("source_text", "DELETE"))
    ),
    f"CREATE TRIGGER source_text_only_erased BEFORE UPDATE ON source_text WHEN NOT ({_GONE}) "
    "BEGIN SELECT RAISE(ABORT, 'append-only table: source_text'); END",
]

_POSTGRES = [
    f"CREATE FUNCTION onefirm_source_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {_GONE} "
    "THEN RETURN NEW; END IF; RAISE EXCEPTION 'append-only table: source_text'; END $$",
    "CREATE TRIGGER source_no_change BEFORE UPDATE OR DELETE ON source FOR EACH ROW EXECUTE FUNCTION onefirm_refuse()",
    "CREATE TRIGGER source_text_no_delete BEFORE DELETE ON source_text FOR EACH ROW EXECUTE FUNCTION onefirm_refuse()",
    "CREATE TRIGGER source_text_only_erased BEFORE UPDATE ON source_text "
    "FOR EACH ROW EXECUTE FUNCTION onefirm_source_only_erased()",
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION onefirm_refuse()"
        for table in ("source", "source_text")
    ),
]


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _sources()
    _facts()
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("The text of sources is kept nowhere else: put the backup back instead.")


def _sources() -> None:
    op.create_table(
        "source",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subjects", _json(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("source_by_expiry", "source", ["expires_at"], unique=False)
    op.create_table(
        "source_text",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("tombstone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ref"),
        sa.ForeignKeyConstraint(["ref"], ["source.ref"]),
    )
    op.create_index("source_text_by_hash", "source_text", ["sha256"], unique=False)


def _facts() -> None:
    op.create_table(
        "fact",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("ref", "event_id", "kind", "status", "at")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("active_at", "ended_at", "ended_by")),
        sa.Column("subjects", _json(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("same", "topic", "slot")),
        sa.Column("words", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("dated", "valid_from", "valid_to")),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("fact_by_scope", "fact", ["scope", "status", "words"], unique=False)
    op.create_index("fact_by_topic", "fact", ["topic"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("stance", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fact", "number"),
    )
    op.create_index("evidence_by_source", "evidence", ["source"], unique=False)
