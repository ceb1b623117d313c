"""Recall on Postgres: what a letter is doesn't hang on the locale that the database was made with.

In that of C only English letters were any. What is recalled is made anew at the first question, as its form is another.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_PLAIN)


def downgrade() -> None:
    raise NotImplementedError("Put the backup back instead.")


# The marks that a letter may carry (as `memory.index` drops them too), and what stands between words.
_MARKS = r"\u0300-\u036f\u064b-\u065f\u0670\u3099\u309a"
_BETWEEN = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u060c\u061b\u061f\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f\u3000-\u3004"
    r"\u3008-\u3020\u3030\u30fb\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
# What stays a capital there: Greek and Cyrillic, as a Latin letter has lost its marks; and the σ of a word's end.
_CAPITALS = [chr(code) for code in (*range(0x0391, 0x03AA), *range(0x0400, 0x0430)) if chr(code).isalpha()]
_SMALL = [one.lower() for one in _CAPITALS]
_PLAIN = (
    "CREATE OR REPLACE FUNCTION onefirm_plain(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
    "SELECT regexp_replace(translate(regexp_replace(normalize(given, NFKD), "
    f"'[{_MARKS}]', '', 'g'), '{''.join(_CAPITALS)}ς', '{''.join(_SMALL)}σ'), '[{_BETWEEN}]+', ' ', 'g') $$"
)
