"""Recall: passages with scope, context and dates, an index that stems, every word for typos, and what was shown.

The passages are a copy of ledger and files: the old ones go, and recall makes them anew at the first question.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE passage_text")
    op.drop_table("passage")
    _tables()
    for statement in _SQLITE if sqlite else _POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("What was recalled is known nowhere else: put the backup back instead.")


_COLUMNS = "scope, heading, body, meta, context, titles"
_NEW = ", ".join(f"NEW.{name}" for name in _COLUMNS.split(", "))
_OLD = _NEW.replace("NEW.", "OLD.")

_SQLITE = [
    f"CREATE VIRTUAL TABLE passage_text USING fts5({_COLUMNS}, content='passage', content_rowid='id', "
    'tokenize="porter unicode61 remove_diacritics 2")',
    "CREATE TRIGGER passage_added AFTER INSERT ON passage BEGIN "  # noqa: S608 - columns of ours
    f"INSERT INTO passage_text(rowid, {_COLUMNS}) VALUES (NEW.id, {_NEW}); END",
    "CREATE TRIGGER passage_removed AFTER DELETE ON passage BEGIN "  # noqa: S608
    f"INSERT INTO passage_text(passage_text, rowid, {_COLUMNS}) VALUES ('delete', OLD.id, {_OLD}); END",
    "CREATE TRIGGER passage_no_update BEFORE UPDATE ON passage "
    "BEGIN SELECT RAISE(ABORT, 'delete the passage and insert it anew'); END",
    "CREATE VIRTUAL TABLE passage_text_part USING fts5(word, content='passage_word', content_rowid='id', "
    "tokenize='trigram')",
    "CREATE TRIGGER passage_word_added AFTER INSERT ON passage_word BEGIN "
    "INSERT INTO passage_text_part(rowid, word) VALUES (NEW.id, NEW.word); END",
    "CREATE TRIGGER passage_word_removed AFTER DELETE ON passage_word BEGIN "
    "INSERT INTO passage_text_part(passage_text_part, rowid, word) VALUES ('delete', OLD.id, OLD.word); END",
]

_POSTGRES = [
    # Compared as SQLite's index compares: letters and digits, without accents; Postgres would keep a path as one word.
    "CREATE FUNCTION onefirm_plain(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
    "SELECT regexp_replace(regexp_replace(normalize(given, NFKD), '[\\u0300-\\u036f]', '', 'g'), "
    "'[^[:alnum:]]+', ' ', 'g') $$",
    "ALTER TABLE passage ADD COLUMN passage_text tsvector GENERATED ALWAYS AS ("
    "setweight(to_tsvector('simple', scope), 'D') || setweight(to_tsvector('english', onefirm_plain(heading)), 'A') || "
    "setweight(to_tsvector('english', onefirm_plain(body)), 'A') || "
    "setweight(to_tsvector('english', onefirm_plain(meta || ' ' || titles)), 'B') || "
    "setweight(to_tsvector('english', onefirm_plain(context)), 'C')) STORED",
    "CREATE INDEX passage_text ON passage USING gin (passage_text)",
]


def _tables() -> None:
    op.create_table(
        "passage",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("titles", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("known_at", sa.Text(), nullable=True),
        sa.Column("traits", sa.Integer(), nullable=False),
        sa.Column("start_char", sa.Integer(), nullable=True),
        sa.Column("end_char", sa.Integer(), nullable=True),
        sa.Column("about", _json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "ref", "part", name="passage_once"),
    )
    op.create_table(
        "passage_word",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("word"),
    )
    op.create_table(
        "recall_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("about", _json(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("duration_us", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("recall_log_by_time", "recall_log", ["at"], unique=False)
    op.create_table(
        "recall_item",
        sa.Column("recall_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["recall_id"], ["recall_log.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("recall_id", "rank"),
    )
    op.create_index("recall_item_by_ref", "recall_item", ["ref"], unique=False)
