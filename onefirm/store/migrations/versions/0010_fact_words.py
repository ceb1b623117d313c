"""Facts are found by the words that they have, and not by reading all of them.

How facts stand is a copy of the ledger: it is made anew, words too, before the next fact is recorded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "fact_word",
        sa.Column("word", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word", "fact"),
    )
    op.create_index("fact_word_by_fact", "fact_word", ["fact"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Put the backup back instead.")
