"""What was sent to Notion under each effect key, and how far it came: written down before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, or_, select

from onefirm.state.truth.base import TruthRow, TruthWrite
from onefirm.store.tables import truth_step

StepState: TypeAlias = Literal["waiting", "sent", "lost", "done"]
_ALL = select(truth_step).order_by(truth_step.c.number)


@dataclass(slots=True)
class Step:
    """One write of an effect. `before` is the row that it was checked against.

    `waiting`: not sent. `sent`: on its way since `at`, or its sender died. `lost`: sent, and no whole answer since
    `at`; `page_id` has the page where at least that much came.
    """

    key: str
    number: int
    state: StepState
    at: str
    write: TruthWrite
    before: TruthRow | None = None
    page_id: str | None = None
    row: TruthRow | None = None

    def is_done_in(self, row: TruthRow) -> bool:
        """Whether a row is as this was to leave it."""
        if self.write.op in ("archive", "restore"):
            return row.archived == (self.write.op == "archive")
        return all(row.props.get(name) == value for name, value in (self.write.props or {}).items())

    def is_untouched(self, row: TruthRow | None) -> bool:
        """Whether nobody has changed what this is about to."""
        before = self.before
        if row is None or before is None or row.archived != before.archived:
            return False
        return all(row.props.get(name) == before.props.get(name) for name in self.write.props or {})


def load(conn: Connection, key: str) -> list[Step]:
    """The steps of an effect, in order; none for one that was never sent."""
    return [_step(row) for row in conn.execute(_ALL.where(truth_step.c.key == key)).mappings()]


def made(conn: Connection, page_ids: Sequence[str]) -> frozenset[str]:
    """Those of the pages that an effect is known to have created or changed."""
    query = select(truth_step.c.page_id).where(truth_step.c.page_id.in_(page_ids), truth_step.c.state == "done")
    return frozenset(conn.execute(query).scalars()) if page_ids else frozenset()


def left(conn: Connection, page_ids: Mapping[str, str]) -> dict[str, str]:
    """The etag that our own last write gave each of these pages, by what they are called here.

    One that was already edited when its answer was taken in is missing.
    """
    if not page_ids:
        return {}
    done = conn.execute(select(truth_step).where(truth_step.c.state == "done").order_by(truth_step.c.at)).mappings()
    last = {step.page_id: step for step in map(_step, done)}
    found = {ref: last[id_] for ref, id_ in page_ids.items() if id_ in last}
    return {ref: step.row.etag for ref, step in found.items() if step.row and _is_as_sent(step)}


def shown_since(conn: Connection, since: str) -> dict[str, frozenset[str]]:
    """The refs of pages that our writes have made or restored since then, or left as they were, by kind."""
    query = select(truth_step.c.row).where(truth_step.c.state == "done", truth_step.c.at >= since)
    last = {row["ref"]: row for row in conn.execute(query.order_by(truth_step.c.at)).scalars() if row}
    kinds = {row["kind"] for row in last.values()}
    return {
        kind: frozenset(ref for ref, row in last.items() if row["kind"] == kind and not row["archived"])
        for kind in kinds
    }


def _is_as_sent(step: Step) -> bool:
    sent = {**(step.before.props if step.before else {}), **(step.write.props or {})}
    return step.row is not None and dict(step.row.props) == {k: v for k, v in sent.items() if v is not None}


def unfinished(conn: Connection, *prefixes: str) -> list[str]:
    """Effects whose keys begin so, and of which isn't known what became of them."""
    query = select(truth_step.c.key).where(
        truth_step.c.state != "done", or_(*(truth_step.c.key.startswith(one, autoescape=True) for one in prefixes))
    )
    return sorted(set(conn.execute(query).scalars()))


def put(conn: Connection, steps: Sequence[Step]) -> None:
    """Note what is about to be sent."""
    conn.execute(truth_step.insert(), [_values(step) for step in steps])


def save(conn: Connection, step: Step) -> None:
    """Note how far a step came."""
    where = (truth_step.c.key == step.key, truth_step.c.number == step.number)
    conn.execute(truth_step.update().where(*where).values(**_values(step)))


def drop(conn: Connection, key: str) -> None:
    """Forget an effect that surely left nothing."""
    conn.execute(truth_step.delete().where(truth_step.c.key == key))


def prune(conn: Connection, before: str) -> None:
    """Forget what was done long ago."""
    conn.execute(truth_step.delete().where(truth_step.c.state == "done", truth_step.c.at < before))


def _values(step: Step) -> dict[str, Any]:
    return {
        "key": step.key, "number": step.number, "state": step.state, "at": step.at, "write": asdict(step.write),
        "before": asdict(step.before) if step.before else None, "page_id": step.page_id,
        "row": asdict(step.row) if step.row else None,
    }  # fmt: skip


def _step(row: Any) -> Step:
    before, after = row["before"], row["row"]
    return Step(
        row["key"], row["number"], row["state"], row["at"], TruthWrite(**row["write"]),
        TruthRow(**before) if before else None, row["page_id"], TruthRow(**after) if after else None,
    )  # fmt: skip
