"""Every table of the firm's database.

Append-only tables (`APPEND_ONLY`) are guarded by triggers that the migrations make; `triggers.missing` looks for them.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_JSON = JSON().with_variant(JSONB(), "postgresql")
_JSON_OR_NULL = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# -- ledger ------------------------------------------------------------------------------------------------------------

chain = Table(
    "chain",
    metadata,
    Column("chain_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("session", Text),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subjects", Text, nullable=False),  # JSON text exactly as hashed
    Column("cause", Text),
    Column("effect_key", Text, unique=True),
    Column("payload_sha256", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("chain_id", "seq"),
    ForeignKeyConstraint(["chain_id"], ["chain.chain_id"]),
    Index("event_by_time", "at", "chain_id", "seq"),
    Index("event_by_cause", "cause"),
    Index("event_by_session", "session"),
)

event_subject = Table(
    "event_subject",
    metadata,
    Column("ref", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("ref", "event_id"),
    ForeignKeyConstraint(["event_id"], ["event.id"]),
    Index("event_subject_by_time", "ref", "at"),
)

payload = Table(
    "payload",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("body", Text),  # canonical JSON {"data", "reason", "salt"}; NULL once erased
    Column("tombstone", Text),  # id of the payload.erased event
    ForeignKeyConstraint(["event_id"], ["event.id"]),
)

# -- what waits --------------------------------------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", _JSON, nullable=False),
    Column("state", Text, nullable=False),  # waiting | leased | held (a conflict waits for the operator)
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Text, nullable=False),
    Column("not_before", Text, nullable=False),
    Column("leased_until", Text),
    Column("lease", Text),
    Column("last_error", Text),
    Index("outbox_due", "topic", "state", "not_before"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("subjects", _JSON, nullable=False),
    Column("payload", _JSON, nullable=False),
    Column("state", Text, nullable=False),  # open | decided
    Column("created_at", Text, nullable=False),
    Column("decided_at", Text),
    Column("decision", _JSON),
    Column("decided_by", Text),
    Index("inbox_open", "state", "created_at"),
)

counter = Table("counter", metadata, Column("name", Text, primary_key=True), Column("last", Integer, nullable=False))

# -- state -------------------------------------------------------------------------------------------------------------

firm_schema = Table(
    "firm_schema",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("applied_at", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", _JSON, nullable=False),
)

record = Table(  # the mirror: what the truth last said
    "record",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("due", Text),
    Column("owner", Text),
    Column("props", _JSON, nullable=False),
    Column("etag", Text, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("synced_at", Text, nullable=False),
    Index("record_by_kind", "kind", "archived", "status"),
    Index("record_by_due", "due"),
)

record_alias = Table(
    "record_alias", metadata, Column("alias", Text, primary_key=True), Column("ref", Text, nullable=False)
)

truth_row = Table(  # the embedded truth's own rows
    "truth_row",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("props", _JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("edited_at", Text, nullable=False),
    Index("truth_row_by_version", "version"),
)

truth_effect = Table(  # writes that the embedded truth has applied, by idempotency key
    "truth_effect",
    metadata,
    Column("key", Text, primary_key=True),
    Column("rows", _JSON, nullable=False),
    Column("at", Text, nullable=False),
)

truth_page = Table(  # what Notion's pages are called here
    "truth_page",
    metadata,
    Column("page_id", Text, primary_key=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("aside", _JSON_OR_NULL),  # the row and its relations, while some lead to pages that aren't known yet
    Column("also", _JSON_OR_NULL),  # what nothing maps, as people read it
)

truth_step = Table(  # writes that were sent to Notion, by idempotency key
    "truth_step",
    metadata,
    Column("key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),  # waiting | sent | lost | done
    Column("at", Text, nullable=False),
    Column("write", _JSON, nullable=False),
    Column("before", _JSON_OR_NULL),
    Column("page_id", Text),
    Column("row", _JSON_OR_NULL),
    PrimaryKeyConstraint("key", "number"),
    Index("truth_step_by_time", "state", "at"),
)

# -- memory ------------------------------------------------------------------------------------------------------------

decision = Table(
    "decision",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("supersedes", Text),
    Column("subjects", _JSON, nullable=False),
    Column("reversible_until", Text),  # a day
    UniqueConstraint("supersedes", name="decision_superseded_once"),
    Index("decision_by_time", "at"),
    Index("decision_by_reversible_until", "reversible_until"),
)

lesson = Table(
    "lesson",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("subjects", _JSON, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subjects", _JSON, nullable=False),
    Column("session", Text),  # whose note it is
    Column("expires_at", Text),
    Index("source_by_expiry", "expires_at"),
)

source_text = Table(
    "source_text",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("sha256", Text),  # of what was given; goes with the text, as a short text could be guessed from it
    Column("body", LargeBinary),  # the text, compressed; NULL once erased or expired
    Column("tombstone", Text),  # id of the payload.erased or source.expired event
    ForeignKeyConstraint(["ref"], ["source.ref"]),
    Index("source_text_by_hash", "sha256"),
)

fact = Table(  # how each fact stands; made anew from the ledger at any time, and none of its words are here
    "fact",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),  # candidate | active | superseded | retracted | erased
    Column("at", Text, nullable=False),
    Column("active_at", Text),  # when it began to be served
    Column("ended_at", Text),  # when it was superseded or retracted
    Column("ended_by", Text),
    Column("subjects", _JSON, nullable=False),
    Column("scope", Text, nullable=False),  # whom it is about, as one text
    Column("same", Text),  # hash of its statement, evened out
    Column("topic", Text),  # hash of its subject
    Column("slot", Text),  # hash of subject and predicate, where one value holds at a time
    Column("words", Integer, nullable=False),
    Column("dated", Text),  # the day of which it tells, as far as known
    Column("valid_from", Text),
    Column("valid_to", Text),
    Index("fact_by_scope", "scope", "status", "words"),
    Index("fact_by_topic", "topic"),
)

fact_word = Table(  # which words a fact's statement has, each as a number: who says nearly the same is found by them
    "fact_word",
    metadata,
    Column("word", BigInteger, nullable=False),
    Column("fact", Text, nullable=False),
    PrimaryKeyConstraint("word", "fact"),
    Index("fact_word_by_fact", "fact"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("fact", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("start", Integer, nullable=False),  # characters into the source's text
    Column("end", Integer, nullable=False),
    Column("stance", Text, nullable=False),  # supports | contradicts | derived
    PrimaryKeyConstraint("fact", "number"),
    Index("evidence_by_source", "source"),
)

passage = Table(  # what recall searches; rebuilt from events and files at any time
    "passage",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),  # decision | lesson | narrative | fact | summary | source
    Column("ref", Text, nullable=False),  # DEC-1, L-1, F-1, SRC-1 or the file's path
    Column("part", Integer, nullable=False),
    Column("scope", Text, nullable=False),  # words that stand for the records it is about and for their owners
    Column("heading", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("meta", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("titles", Text, nullable=False),  # of the records that it is about, and of their owners
    Column("actor", Text),
    Column("at", Text),  # when it was said or done
    Column("known_at", Text),  # when the firm wrote it down; none for files, which are as they are now
    Column("traits", Integer, nullable=False),  # memory.traits, added up
    Column("start_char", Integer),
    Column("end_char", Integer),
    Column("about", _JSON, nullable=False),  # refs of records
    Column("sha256", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="english"),  # english (stemmed) | other
    UniqueConstraint("source", "ref", "part", name="passage_once"),
)
passage_tally = Table(  # how many passages each scope has; triggers of `passage` keep it
    "passage_tally",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("passages", Integer, nullable=False),
)

passage_word = Table(  # every word of the passages, for those that are typed wrong or in part
    "passage_word",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("word", Text, nullable=False, unique=True),
)

vector = Table(  # nearness of meaning, where a model is in use: put and dropped, never changed; no id is given twice
    "vector",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("passage_id", Integer, nullable=False),
    Column("model", Text, nullable=False),  # its name, and the form of what it was given
    Column("v", LargeBinary, nullable=False),  # int8, as many as the model has dimensions
    ForeignKeyConstraint(["passage_id"], ["passage.id"], ondelete="CASCADE"),
    Index("vector_by_passage", "passage_id"),
    Index("vector_by_model", "model", "id"),
    sqlite_autoincrement=True,
)

recall_log = Table(  # one row for each answer of recall: writing it is all that a question waits for
    "recall_log",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("session", Text),
    Column("query", Text),  # NULL once erased
    Column("about", _JSON, nullable=False),
    Column("mode", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("duration_us", Integer, nullable=False),
    # best first: source, ref, part; then what became of it (cited, wrong), and the ref of what said so
    Column("shown", _JSON, nullable=False, server_default="[]"),
    Index("recall_log_by_time", "at"),
    Index("recall_log_by_session", "session"),
)

setting = Table("setting", metadata, Column("name", Text, primary_key=True), Column("value", _JSON, nullable=False))

APPEND_ONLY = (event, event_subject, payload, decision, lesson, source, source_text)
