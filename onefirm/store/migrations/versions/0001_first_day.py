"""The first day: ledger, state, memory, outbox and inbox, with the triggers that keep the ledger append-only."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _tables()
    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("There is nothing before the first schema: put the backup back instead.")


_FROZEN = ("event", "event_subject", "decision", "lesson")

_SQLITE = [
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
        for table in _FROZEN
        for verb in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER payload_no_delete BEFORE DELETE ON payload "
    "BEGIN SELECT RAISE(ABORT, 'append-only table: payload'); END",
    "CREATE TRIGGER payload_only_erased BEFORE UPDATE ON payload "
    "WHEN NOT (OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.event_id = OLD.event_id AND EXISTS "
    "(SELECT 1 FROM event WHERE id = NEW.tombstone AND kind = 'payload.erased')) "
    "BEGIN SELECT RAISE(ABORT, 'append-only table: payload'); END",
    "CREATE VIRTUAL TABLE passage_text USING fts5(heading, body, content='passage', content_rowid='id', "
    'tokenize="unicode61 remove_diacritics 2")',
    "CREATE TRIGGER passage_added AFTER INSERT ON passage BEGIN "
    "INSERT INTO passage_text(rowid, heading, body) VALUES (NEW.id, NEW.heading, NEW.body); END",
    "CREATE TRIGGER passage_removed AFTER DELETE ON passage BEGIN "
    "INSERT INTO passage_text(passage_text, rowid, heading, body) "
    "VALUES ('delete', OLD.id, OLD.heading, OLD.body); END",
    "CREATE TRIGGER passage_no_update BEFORE UPDATE ON passage "
    "BEGIN SELECT RAISE(ABORT, 'delete the passage and insert it anew'); END",
]

_POSTGRES = [
    "CREATE FUNCTION onefirm_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION 'append-only table: %', TG_TABLE_NAME; END $$",
    "CREATE FUNCTION onefirm_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.event_id = OLD.event_id AND EXISTS "
    "(SELECT 1 FROM event WHERE id = NEW.tombstone AND kind = 'payload.erased') THEN RETURN NEW; END IF; "
    "RAISE EXCEPTION 'append-only table: payload'; END $$",
    *(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION onefirm_refuse()"
        for table in _FROZEN
    ),
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION onefirm_refuse()"
        for table in (*_FROZEN, "payload")
    ),
    "CREATE TRIGGER payload_no_delete BEFORE DELETE ON payload FOR EACH ROW EXECUTE FUNCTION onefirm_refuse()",
    "CREATE TRIGGER payload_only_erased BEFORE UPDATE ON payload FOR EACH ROW EXECUTE FUNCTION onefirm_only_erased()",
    "CREATE INDEX passage_text ON passage USING gin (to_tsvector('simple', heading || ' ' || body))",
]


def _tables() -> None:
    op.create_table(
        "chain",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "decision",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("subjects", _json(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("event_id"),
        sa.UniqueConstraint("supersedes", name="decision_superseded_once"),
    )
    op.create_index("decision_by_time", "decision", ["at"], unique=False)
    op.create_table(
        "firm_schema",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", _json(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subjects", _json(), nullable=False),
        sa.Column("payload", _json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.Column("decision", _json(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("inbox_open", "inbox", ["state", "created_at"], unique=False)
    op.create_table(
        "lesson",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("subjects", _json(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", _json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.Text(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("outbox_due", "outbox", ["topic", "state", "not_before"], unique=False)
    op.create_table(
        "passage",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("about", _json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "ref", "part", name="passage_once"),
    )
    op.create_table(
        "record",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("props", _json(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("synced_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index("record_by_due", "record", ["due"], unique=False)
    op.create_index("record_by_kind", "record", ["kind", "archived", "status"], unique=False)
    op.create_table(
        "record_alias",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alias"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", _json(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "truth_effect",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rows", _json(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "truth_row",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("props", _json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index("truth_row_by_version", "truth_row", ["version"], unique=False)
    op.create_table(
        "event",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("effect_key", sa.Text(), nullable=True),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chain_id"],
            ["chain.chain_id"],
        ),
        sa.PrimaryKeyConstraint("chain_id", "seq"),
        sa.UniqueConstraint("effect_key"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("event_by_cause", "event", ["cause"], unique=False)
    op.create_index("event_by_session", "event", ["session"], unique=False)
    op.create_index("event_by_time", "event", ["at", "chain_id", "seq"], unique=False)
    op.create_table(
        "event_subject",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["event.id"],
        ),
        sa.PrimaryKeyConstraint("ref", "event_id"),
    )
    op.create_index("event_subject_by_time", "event_subject", ["ref", "at"], unique=False)
    op.create_table(
        "payload",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("tombstone", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["event.id"],
        ),
        sa.PrimaryKeyConstraint("event_id"),
    )
