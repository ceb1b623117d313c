"""The port to the one place where state is decided. It is written for a truth that is far away.

Terms:

- A **row** is one record as the truth holds it. Its **ref** was given by the truth when the row was created. Its
  **etag** is opaque and changes with every change of the row.
- A **write** changes one row. It names the etag it is **based** on, and is refused when the row has moved since.
- An **effect key** names one set of writes for good. A truth applies an effect at most once: asked again with the same
  key it returns the rows of the first time.
- The answer of a write is its read-back: the rows as they are after it. Nobody reads again unless the answer was lost.
- An effect is **applied**, **not applied**, or **unknown** (the answer was lost and the truth can't tell yet).

Writes of one effect are applied all or not at all. A truth without transactions keeps that by checking every base
before its first step, and by raising AnswerLost when a later step fails: the effect is then taken up again by its key.
Where a later step is refused, what was done before it is taken back: values as they were, new rows archived.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from onefirm.state.schema import Schema
from onefirm.state.schema_plan import Step
from onefirm.store.engine import Store

Op: TypeAlias = Literal["create", "update", "archive", "restore"]
TOLD = "truth.told"
"""Where the store notes what the firm must be told of a new schema; what is written of it goes from there."""
Part: TypeAlias = Literal["body", "comments"]
"""What stands on a record's page: its text, and what was said about it."""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One record. `props` holds every property that has a value, in stored form, title and status among them.

    Times are in the form of `core.clock.iso`; `editor` names who changed the row last, where the truth knows it.
    `made_by` is the effect key of its create, where the truth shows it. `unsaid` names the properties of which it can
    say nothing now, since it holds them no longer in a form that is understood: what was known of them stays. `ours`:
    whether the firm itself changed the row last; None where that can't be told, or where nobody can come in between.
    """

    ref: str
    kind: str
    props: Mapping[str, Any]
    etag: str
    archived: bool
    created_at: str
    edited_at: str
    editor: str | None = None
    made_by: str | None = None
    unsaid: Sequence[str] = field(default=(), compare=False)
    ours: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TruthWrite:
    """One change. A `create` has no ref and no base; in `props` of an update None clears a property."""

    op: Op
    kind: str
    ref: str | None = None
    base: str | None = None
    props: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of the rows that changed, and the watermark that is reached once they were taken over.

    `as_of`: no row is older than that instant, so that whoever knows one from before may believe it; what is known from
    later must be read again. None: each must be.
    """

    rows: Sequence[TruthRow]
    watermark: str
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the truth's rows have another form than the firm was told.

    `key` names it for good and begins with its kind (`task.due:type:number`). `said` is what changed, what it means,
    and where that stands. `answers` has what may be answered to it, each with what the firm must be told then: the path
    of a setting, and its value (None: take it out). `is_idle`: it matters once a row shows it; `is_harmless`: reading
    and writing go on.
    """

    key: str
    said: str
    answers: Mapping[str, Sequence[tuple[Sequence[str], Any]]]
    is_idle: bool = False
    is_harmless: bool = False

    @property
    def kind(self) -> str:
        """Whose records it is about."""
        return kind_of(self.key)


def kind_of(key: str) -> str:
    """The kind that a mismatch's key begins with."""
    return key.partition(":")[0].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made for a new schema: what the firm must be `told`, as plain data, and in sentences what is `left`."""

    told: Sequence[Mapping[str, Any]] = ()
    left: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Following:
    """What a new schema needs where the rows are kept.

    `added` says what would be made there, `said` what else changes, `against` what stands against it. `told` is what
    the firm must be told once it is in force. `prepare` makes what is new, before that; asked again it makes only what
    is still missing. It raises TruthError.
    """

    added: Sequence[str] = ()
    said: Sequence[str] = ()
    against: Sequence[str] = ()
    told: Sequence[Mapping[str, Any]] = ()
    prepare: Callable[[], Prepared] = Prepared


class TruthError(Exception):
    """What a truth answers other than rows.

    `taken_back`: the rows that it had made for the same effect by then, and archived again.
    """

    taken_back: Sequence[TruthRow] = ()


class Unreachable(TruthError):
    """The truth can't be asked now. A write that met this was surely not applied."""


class Undecided(Unreachable):
    """The truth can be asked, and can't tell yet whether it has applied an effect (an index that lags behind)."""


class AnswerLost(TruthError):
    """The write was sent and no answer came: it may have been applied."""


class Stale(TruthError):
    """At least one row has moved since the write's base; nothing was applied. `rows` are those rows as they are now."""

    def __init__(self, rows: Sequence[TruthRow]) -> None:
        super().__init__(", ".join(row.ref for row in rows))
        self.rows = tuple(rows)


class Gone(TruthError):
    """At least one row is no longer there; nothing was applied."""

    def __init__(self, refs: Sequence[str]) -> None:
        super().__init__(", ".join(refs))
        self.refs = tuple(refs)


class Unsure(TruthError):
    """Whether a create was applied can't be told, ever: the operator must say.

    `candidates` has, for each such write by its number, the rows that may be what it made.
    """

    def __init__(self, candidates: Mapping[int, Sequence[TruthRow]]) -> None:
        super().__init__("whether it was created can't be told")
        self.candidates = {number: tuple(rows) for number, rows in candidates.items()}


class Rejected(TruthError):
    """The truth refuses these values, for a reason of its own; nothing was applied, and a repetition would not be."""


class Truth(Protocol):
    """Where state is decided. An adapter may be shared between threads."""

    @property
    def name(self) -> str:
        """How sentences call it."""
        ...

    @property
    def store(self) -> Store | None:
        """The store whose log its commits go to, None for a truth elsewhere.

        Where it is the mirror's own, a claim need not have reached the disk before the truth is asked.
        """
        ...

    def apply(self, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        """Apply all writes under an effect key, or none; the rows afterwards, one for each write, in their order.

        No two writes concern the same row. Raises Unreachable, AnswerLost, Stale, Gone, Rejected.
        """
        ...

    def effect(self, key: str) -> list[TruthRow] | None:
        """The rows that an effect left, None when it surely was not applied.

        Raises Unreachable, Undecided when it can't be told yet, and Unsure when it never can.
        """
        ...

    def answer(self, key: str, number: int, ref: str | None) -> None:
        """The operator's word on a create that the truth is unsure of: it made this row, or (None) nothing.

        `effect` tells accordingly from then on.
        """
        ...

    def read(self, refs: Sequence[str]) -> dict[str, TruthRow]:
        """The rows as they are now, archived ones among them; a ref that is missing in the answer is gone.

        Raises Unreachable, also where a whole kind can't be seen: its rows are not gone.
        """
        ...

    def changed_since(self, watermark: str | None) -> Iterator[Batch]:
        """Rows that changed since a watermark (None: all rows), archived ones among them; at least one batch.

        A row may come again without having changed; none that changed is left out. Whoever ends before the last batch
        goes on from the watermark of the last one that was taken over. Raises Unreachable.
        """
        ...

    def ids(self) -> Mapping[str, frozenset[str]]:
        """The refs of all rows that are there and not archived, by kind; a kind that can't be seen now is missing.

        Raises Unreachable.
        """
        ...

    def noticed(self) -> frozenset[str]:
        """The keys of the mismatches that rows and refusals have shown; those of a kind until it is looked at."""
        ...

    def mismatches(self, kinds: Collection[str]) -> list[Mismatch]:
        """Look at the form of the rows of these kinds: every mismatch there is. Raises Unreachable."""
        ...

    def following(self, schema: Schema, steps: Sequence[Step]) -> Following:
        """What it needs for a schema that these steps lead to. Nobody is asked for that."""
        ...

    def also(self, ref: str) -> Mapping[str, str]:
        """What it holds of a record that the schema has no property for, by its own names, as of the last look."""
        ...

    def page(self, ref: str, part: Part) -> Sequence[str] | None:
        """What stands on a record's page, line by line; None for a truth that keeps no pages.

        It is only ever read. Raises Unreachable, Gone.
        """
        ...

    def close(self) -> None:
        """Give back what it holds for itself; what was given to it stays open."""
        ...
