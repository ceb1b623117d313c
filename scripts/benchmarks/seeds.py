"""Firms of any size, fast: rows go straight into the tables, in the form in which the rooms write them.

What is seeded is whole: the chain verifies, the mirror says what the truth says, every record has its entries, refs and
change numbers go on where the seed ended. 100,000 records take seconds; through the rooms it would be minutes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.entries import Entry, append_many
from benchmarks.words import PEOPLE, title
from onefirm.core.clock import iso
from onefirm.ledger.append import Ledger
from onefirm.state.schema import Schema
from onefirm.state.sync.pull import SYNCED_AT, WATERMARK
from onefirm.store.engine import Store
from onefirm.store.tables import counter, record, setting, truth_row

AGE = timedelta(days=730)
"""How long ago a seeded firm began."""

_AT_ONCE = 5_000
_MOVED = 40  # tasks that were taken up since the last close
_OF_100 = {"client": 2, "contact": 3, "prospect": 2, "project": 5, "deliverable": 8, "invoice": 5, "task": 75}


@dataclass(frozen=True, slots=True)
class Seeded:
    """One record as it stands in the end. `version` numbers its last change; `taken_up` is the time of its second."""

    ref: str
    kind: str
    props: Mapping[str, Any]
    version: int
    created_at: str
    taken_up: str | None = None


def records(count: int, now: datetime) -> Iterator[Seeded]:
    """The records of a firm that has grown evenly since it began, oldest first.

    Of 100 records 75 are tasks. Two thirds of everything is done; the newest tasks were taken up within the last hour.
    """
    began = now - AGE
    step = (now - timedelta(days=2) - began) / max(count, 1)
    numbers: dict[str, int] = {}
    for index, kind in enumerate(itertools.islice(_kinds(), count)):
        number = numbers[kind] = numbers.get(kind, 0) + 1
        props = _PROPS[kind](number, numbers, now.date())
        taken_up = None
        if index >= count - _MOVED and kind == "task":
            props["status"] = "doing"
            taken_up = iso(now - timedelta(seconds=60 * (count - index)))
        version = count + index + 1 if taken_up else index + 1
        yield Seeded(f"{_PREFIX[kind]}-{number}", kind, props, version, iso(began + step * index), taken_up)


def grow(store: Store, ledger: Ledger, schema: Schema, count: int, now: datetime) -> None:
    """Give an empty firm `count` records with their history, a session closed yesterday, and a fresh mirror."""
    made = list(records(count, now))
    with store.write() as conn:
        for start in range(0, len(made), _AT_ONCE):
            batch = made[start : start + _AT_ONCE]
            conn.execute(truth_row.insert(), [_truth(one) for one in batch])
            conn.execute(record.insert(), [_mirror(one, schema, iso(now)) for one in batch])
        conn.execute(counter.insert(), _counters(made))
        marks = {WATERMARK: str(max(one.version for one in made)), SYNCED_AT: iso(now)}
        conn.execute(setting.insert(), [{"name": name, "value": value} for name, value in marks.items()])
    append_many(store, ledger, _history(made, now))


def _history(made: Iterable[Seeded], now: datetime) -> Iterator[Entry]:
    moved: list[Seeded] = []
    for one in made:
        after = {**one.props, "status": "todo"} if one.taken_up else one.props
        etag = one.version if not one.taken_up else one.version // 2
        yield Entry(one.created_at, "record.created", {**_told(one, after, etag), "after": after}, (one.ref,))
        if one.taken_up:
            moved.append(one)
    closed = {"how": "ended", "touched": [], "pending": 0, "unreconciled": [], "next_actions": {}}
    yield Entry(iso(now - timedelta(days=1)), "session.closed", closed, ())
    for one in moved:
        change = {"before": {"status": "todo"}, "after": {"status": "doing"}, "etag_before": str(one.version // 2)}
        yield Entry(str(one.taken_up), "record.updated", {**_told(one, one.props, one.version), **change}, (one.ref,))


def _told(one: Seeded, props: Mapping[str, Any], etag: int) -> dict[str, Any]:
    return {"kind": one.kind, "title": props["title"], "status": props["status"], "etag": str(etag)}


def _truth(one: Seeded) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "kind": one.kind,
        "props": one.props,
        "version": one.version,
        "archived": False,
        "created_at": one.created_at,
        "edited_at": one.taken_up or one.created_at,
    }


def _mirror(one: Seeded, schema: Schema, synced_at: str) -> dict[str, Any]:
    deadline = schema.kinds[one.kind].deadline
    return {
        "ref": one.ref,
        "kind": one.kind,
        "title": one.props["title"],
        "status": one.props["status"],
        "due": one.props.get(deadline) if deadline else None,
        "owner": one.props.get("owner"),
        "props": one.props,
        "etag": str(one.version),
        "archived": False,
        "created_at": one.created_at,
        "updated_at": one.taken_up or one.created_at,
        "synced_at": synced_at,
    }


def _counters(made: Iterable[Seeded]) -> list[dict[str, Any]]:
    last = {"truth": 0}
    for one in made:
        prefix, _, number = one.ref.partition("-")
        last["truth"] = max(last["truth"], one.version)
        last[f"ref:{prefix}"] = int(number)
    return [{"name": name, "last": number} for name, number in last.items()]


# -- what a firm is made of --------------------------------------------------------------------------------------------

_PREFIX = {
    "client": "CL", "contact": "CN", "prospect": "PR", "project": "P", "deliverable": "DL", "invoice": "INV",
    "task": "T",
}  # fmt: skip


def _kinds() -> Iterator[str]:
    """The kind of each record in turn; what others point at comes first in every hundred."""
    hundred = [kind for kind, share in _OF_100.items() for _ in range(share)]
    return itertools.cycle(hundred)


def _client(number: int, _: Mapping[str, int], today: date) -> dict[str, Any]:
    return {"title": f"{title(number)} Ltd", "status": "former" if number % 3 else "active", "owner": _owner(number)}


def _contact(number: int, numbers: Mapping[str, int], today: date) -> dict[str, Any]:
    person = PEOPLE[number % len(PEOPLE)]
    return {"title": f"{person} {number}", "status": "active", "client": _one_of("CL", numbers["client"], number)}


def _prospect(number: int, _: Mapping[str, int], today: date) -> dict[str, Any]:
    props = {"title": title(number), "status": "lost" if number % 3 else "qualified", "owner": _owner(number)}
    return {**props, "follow_up": _day(today, number), "value": {"minor": 1_000_000 + number, "currency": "EUR"}}


def _project(number: int, numbers: Mapping[str, int], today: date) -> dict[str, Any]:
    props = {"title": title(number), "status": "done" if number % 3 else "delivery", "owner": _owner(number)}
    next_action = {} if number % 2 else {"next_action": f"Agree on {title(number + 7).lower()}"}
    return {**props, "client": _one_of("CL", numbers["client"], number), "due": _day(today, number), **next_action}


def _deliverable(number: int, numbers: Mapping[str, int], today: date) -> dict[str, Any]:
    props = {"title": title(number), "status": "accepted" if number % 3 else "in_progress", "owner": _owner(number)}
    return {**props, "project": _one_of("P", numbers["project"], number), "due": _day(today, number)}


def _invoice(number: int, numbers: Mapping[str, int], today: date) -> dict[str, Any]:
    props = {"title": f"Invoice {number}", "status": "paid" if number % 3 else "sent"}
    amount = {"amount": {"minor": 250_000 + number, "currency": "EUR"}, "due": _day(today, number)}
    return {**props, "client": _one_of("CL", numbers["client"], number), **amount}


def _task(number: int, numbers: Mapping[str, int], today: date) -> dict[str, Any]:
    status = ("done", "done", ("todo", "doing", "waiting", "blocked")[number // 3 % 4])[number % 3]
    props: dict[str, Any] = {
        "title": title(number),
        "status": status,
        "project": _one_of("P", numbers["project"], number),
        "client": _one_of("CL", numbers["client"], number),
        "owner": _owner(number),
        "priority": ("normal", "high", "low", "urgent")[number // 5 % 4],
        "due": _day(today, number),
    }
    if status == "waiting":
        props["waiting_on"] = PEOPLE[number % len(PEOPLE)]
    if status == "blocked" and number > 3:
        props["blocked_by"] = [f"T-{number - 1}"]
    return props


_PROPS = {
    "client": _client, "contact": _contact, "prospect": _prospect, "project": _project, "deliverable": _deliverable,
    "invoice": _invoice, "task": _task,
}  # fmt: skip


def _one_of(prefix: str, last: int, number: int) -> str:
    """A ref of a kind that has `last` records so far, one of its newest ten."""
    return f"{prefix}-{max(last - number % 10, 1)}"


def _owner(number: int) -> str:
    return PEOPLE[number % 3]


def _day(today: date, number: int) -> str:
    """A day between two months ago and two months from now."""
    return (today + timedelta(days=number * 7 % 120 - 60)).isoformat()
