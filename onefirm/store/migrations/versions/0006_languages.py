"""Recall: an index for languages that aren't stemmed, which language a passage is in, and how many a scope has.

The passages are a copy of ledger and files: what stands is made anew at the first question.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_OLD if sqlite else _POSTGRES_OLD:
        op.execute(statement)
    op.execute("DELETE FROM passage")
    op.execute("DELETE FROM passage_word")
    op.add_column("passage", sa.Column("language", sa.Text(), nullable=False, server_default="english"))
    op.create_table(
        "passage_tally",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "source", "language"),
    )
    for statement in _SQLITE if sqlite else _POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("What was recalled is known nowhere else: put the backup back instead.")


_COLUMNS = "scope, heading, body, meta, context, titles"
_NEW = ", ".join(f"NEW.{name}" for name in _COLUMNS.split(", "))
_OLD = _NEW.replace("NEW.", "OLD.")


def _follows(index: str, condition: str, name: str) -> list[str]:
    """The triggers by which an index has the passages that meet a condition."""
    return [
        f"CREATE TRIGGER passage_added{name} AFTER INSERT ON passage WHEN NEW.{condition} BEGIN "  # noqa: S608
        f"INSERT INTO {index}(rowid, {_COLUMNS}) VALUES (NEW.id, {_NEW}); END",
        f"CREATE TRIGGER passage_removed{name} AFTER DELETE ON passage WHEN OLD.{condition} BEGIN "  # noqa: S608
        f"INSERT INTO {index}({index}, rowid, {_COLUMNS}) VALUES ('delete', OLD.id, {_OLD}); END",
    ]


_SQLITE_OLD = [
    "DROP TRIGGER passage_added",
    "DROP TRIGGER passage_removed",
    "DROP TABLE passage_text",
]
_SQLITE = [
    # Made anew, as an older onefirm could be told to stem nothing in it.
    f"CREATE VIRTUAL TABLE passage_text USING fts5({_COLUMNS}, content='passage', content_rowid='id', "
    'tokenize="porter unicode61 remove_diacritics 2")',
    f"CREATE VIRTUAL TABLE passage_text_other USING fts5({_COLUMNS}, content='passage', content_rowid='id', "
    "prefix='4 5 6', tokenize=\"unicode61 remove_diacritics 2\")",
    *_follows("passage_text", "language = 'english'", ""),
    *_follows("passage_text_other", "language <> 'english'", "_other"),
    "CREATE TRIGGER passage_counted AFTER INSERT ON passage WHEN NEW.body <> '' BEGIN "
    "INSERT INTO passage_tally VALUES (NEW.scope, NEW.source, NEW.language, 1) "
    "ON CONFLICT (scope, source, language) DO UPDATE SET passages = passages + 1; END",
    "CREATE TRIGGER passage_uncounted AFTER DELETE ON passage WHEN OLD.body <> '' BEGIN "
    "UPDATE passage_tally SET passages = passages - 1 "
    "WHERE scope = OLD.scope AND source = OLD.source AND language = OLD.language; END",
]

_POSTGRES_OLD = ["ALTER TABLE passage DROP COLUMN passage_text"]


def _vector(weight: str, given: str) -> str:
    """Stemmed or as it is, by the passage's language."""
    plain = f"onefirm_plain({given})"
    vector = (
        f"CASE WHEN language = 'english' THEN to_tsvector('english', {plain}) ELSE to_tsvector('simple', {plain}) END"
    )
    return f"setweight({vector}, '{weight}')"


_POSTGRES = [
    "ALTER TABLE passage ADD COLUMN passage_text tsvector GENERATED ALWAYS AS ("
    "setweight(to_tsvector('simple', scope), 'D') || "
    + " || ".join(_vector(*one) for one in (("A", "heading"), ("A", "body"), ("B", "meta || ' ' || titles")))
    + f" || {_vector('C', 'context')}) STORED",
    "CREATE INDEX passage_text ON passage USING gin (passage_text)",
    "CREATE FUNCTION onefirm_tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'INSERT' AND NEW.body <> '' THEN "
    "INSERT INTO passage_tally VALUES (NEW.scope, NEW.source, NEW.language, 1) "
    "ON CONFLICT (scope, source, language) DO UPDATE SET passages = passage_tally.passages + 1; "
    "ELSIF TG_OP = 'DELETE' AND OLD.body <> '' THEN "
    "UPDATE passage_tally SET passages = passages - 1 "
    "WHERE scope = OLD.scope AND source = OLD.source AND language = OLD.language; END IF; RETURN NULL; END $$",
    "CREATE TRIGGER passage_counted AFTER INSERT OR DELETE ON passage FOR EACH ROW EXECUTE FUNCTION onefirm_tally()",
]
