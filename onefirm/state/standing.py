"""Where things stand: fixed rules over the open records, the same every time, each line with the facts behind it.

Nothing is read or asked here; a record appears once, under the first rule of RULES that it meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from onefirm.core.clock import parse_iso
from onefirm.state import contradictions, values
from onefirm.state.mirror import Record
from onefirm.state.schema import CLOSED, Group, Kind, Schema

RULES: Mapping[str, str] = {
    "blocked": "its status is one of the blocked ones, or a record that it is blocked by is still open",
    "overdue": "its deadline has passed, and it is neither done nor paused",
    "pending": "a write of it waits until the truth can be reached",
    "contradictory": "it names two clients, itself and by its project or the like, or its end lies before its start",
    "due soon": "its deadline is today or within the days set by `brief.due_soon_days`",
    "waiting": "its status is one of the waiting ones: somebody else has to move",
    "stale": "it is under way, and nothing was written to it for the days set by `brief.stale_days`",
    "no next action": "a project or prospect that is under way says no next action, and no open task is left for it",
}
_WEIGHT = {rule: 1000 - 100 * place for place, rule in enumerate(RULES)}
_PRIORITY = {"urgent": 60, "high": 30, "normal": 10, "low": 0}
_MOST_DAYS = 29  # more than a month late is late: the days never carry a record over the next rule
_GROWS_STALE = ("project", "prospect", "proposal", "deliverable", "task")
_NEEDS_NEXT = ("project", "prospect")
_MOVING: tuple[Group, ...] = ("open", "active")


@dataclass(frozen=True, slots=True)
class StandingRules:
    """Where the rules draw their lines, in days."""

    due_soon_days: int = 7
    stale_days: int = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know: `rank` counts from 1, `because` has the facts behind it, the highest `score` comes first."""

    rank: int
    rule: str
    ref: str
    kind: str
    title: str
    text: str
    because: tuple[str, ...]
    score: int


@dataclass(frozen=True, slots=True)
class _Scene:
    """What every rule looks at. `open` has the open records by ref, `tasks` the open ones by project."""

    schema: Schema
    today: date
    rules: StandingRules
    last_event_at: Mapping[str, str]
    open: Mapping[str, Record]
    tasks: Mapping[str, Sequence[Record]]
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class _Finding:
    text: str
    because: tuple[str, ...]
    days: int = 0


def standing(
    records: Iterable[Record],
    schema: Schema,
    today: date,
    rules: StandingRules,
    last_event_at: Mapping[str, str],
    *,
    timezone: str = "UTC",
) -> list[Line]:
    """Everything that needs attention, most urgent first.

    `records` may hold closed ones, which are left out. `last_event_at` has the instant of the last change of records
    for which that is later than `updated_at`.
    """
    scene = _scene(records, schema, today, rules, last_event_at, ZoneInfo(timezone))
    found = [line for record in scene.open.values() if (line := _line(scene, record))]
    found.sort(key=_order)
    return [_ranked(line, rank) for rank, (line, _) in enumerate(found, 1)]


def _scene(
    records: Iterable[Record],
    schema: Schema,
    today: date,
    rules: StandingRules,
    last_event_at: Mapping[str, str],
    timezone: ZoneInfo,
) -> _Scene:
    opened = {record.ref: record for record in records if is_open(record, schema)}
    tasks: dict[str, list[Record]] = {}
    for record in opened.values():
        if record.kind == "task" and (project := record.props.get("project")):
            tasks.setdefault(project, []).append(record)
    return _Scene(schema, today, rules, last_event_at, opened, tasks, timezone)


def is_open(record: Record, schema: Schema) -> bool:
    """Whether a record is neither archived, done nor dropped."""
    kind = schema.kinds.get(record.kind)
    return not record.archived and kind is not None and kind.group_of(record.status) not in CLOSED


def _line(scene: _Scene, record: Record) -> tuple[Line, str] | None:
    kind = scene.schema.kinds[record.kind]
    findings = {rule: found for rule, check in _CHECKS.items() if (found := check(scene, kind, record))}
    if not findings:
        return None
    rule, first = next(iter(findings.items()))
    priority = str(record.props.get("priority") or "normal")
    score = _WEIGHT[rule] + _urgency(scene, rule, _PRIORITY.get(priority, 0), first.days)
    because = tuple(dict.fromkeys(fact for finding in findings.values() for fact in finding.because))
    facts = (*because, f"priority is {priority}") if "priority" in kind.properties else because
    line = Line(0, rule, record.ref, record.kind, record.title, first.text, facts, score)
    return line, str(record.props.get(kind.deadline or "") or "9999")


def _urgency(scene: _Scene, rule: str, priority: int, days: int) -> int:
    """Below 100. What is due soon is ranked by its date first, everything else by its priority."""
    if rule == "due soon":
        return round(90 * days / max(scene.rules.due_soon_days, 1)) + priority // 10
    return priority + min(days, _MOST_DAYS)


def _order(found: tuple[Line, str]) -> tuple[Any, ...]:
    line, due = found
    prefix, _, number = line.ref.partition("-")
    return -line.score, due, prefix, len(number), number


def _ranked(found: Line, rank: int) -> Line:
    return Line(rank, found.rule, found.ref, found.kind, found.title, found.text, found.because, found.score)


# -- the rules ---------------------------------------------------------------------------------------------------------


def _blocked(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    blockers = [ref for ref in record.props.get("blocked_by") or () if ref in scene.open]
    named = [f"{ref} “{scene.open[ref].title}”{_back(scene.open[ref], record)}" for ref in blockers]
    status = kind.group_of(record.status) == "blocked"
    facts = (f"status is {record.status}",) if status else ()
    if named:
        told = tuple(f"{one} is {scene.open[ref].status}" for one, ref in zip(named, blockers, strict=True))
        return _Finding(f"blocked by {', '.join(named)}", (*facts, *told))
    if not status:
        return None
    if kind.name == "task" and record.props.get("blocked_by"):
        freed = ", ".join(record.props["blocked_by"])
        return _Finding(f"{record.status}, though {freed} is closed: it can go on", (*facts, f"{freed} is closed"))
    if whom := record.props.get("waiting_on"):
        return _Finding(f"waits for {whom}", (*facts, f"waiting_on is {whom}"))
    return _Finding("it says not by what", facts)


def _back(blocker: Record, record: Record) -> str:
    return " (which waits for this one)" if record.ref in (blocker.props.get("blocked_by") or ()) else ""


def _overdue(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    due = _deadline(kind, record)
    if due is None or due >= scene.today or kind.group_of(record.status) == "paused":
        return None
    days = (scene.today - due).days
    unsent = ", still a draft" if record.status == "draft" else ""
    text = f"{_deadline_word(kind)} {due.isoformat()}, {_days(days)} ago{_amount(record)}{unsent}{_held(kind, record)}"
    return _Finding(text, (f"{kind.deadline} is {due.isoformat()}", f"today is {scene.today.isoformat()}"), days)


def _pending(_: _Scene, _kind: Kind, record: Record) -> _Finding | None:
    if record.pending is None:
        return None
    names = ", ".join(record.pending) or "its archiving"
    return _Finding(f"the truth doesn't have this yet: {names}", (f"{names} waits for the truth",))


def _contradictory(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    """What no write of ours leaves; the truth may say it all the same."""

    def look(ref: str) -> Mapping[str, Any] | None:
        known = scene.open.get(ref)
        return known.props if known else None

    told = [
        f"{late} {record.props[late]} is before {early} {record.props[early]}"
        for late, early in contradictions.wrong_dates(kind, record.props)
    ]
    for name in contradictions.shared(kind):
        found = contradictions.named(scene.schema, kind, record.props, name, look)
        if len(found) > 1:
            by = [f"{one} {'itself' if source == name else f'by its {source}'}" for one, source in found.items()]
            told.append(f"it names two {name}s: {' and '.join(by)}")
    return _Finding("; ".join(told), tuple(told)) if told else None


def _due_soon(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    due = _deadline(kind, record)
    last = scene.today + timedelta(days=scene.rules.due_soon_days)
    if due is None or not scene.today <= due <= last or kind.group_of(record.status) == "paused":
        return None
    days = (due - scene.today).days
    when = {0: "today", 1: "tomorrow"}.get(days, f"{due.isoformat()}, in {_days(days)}")
    facts = (f"{kind.deadline} is {due.isoformat()}", f"today is {scene.today.isoformat()}")
    return _Finding(
        f"{_deadline_word(kind)} {when}{_amount(record)}{_held(kind, record)}", facts, scene.rules.due_soon_days - days
    )


def _waiting(_: _Scene, kind: Kind, record: Record) -> _Finding | None:
    if kind.group_of(record.status) != "waiting":
        return None
    whom = record.props.get("waiting_on")
    unknown = "it says not on whom" if "waiting_on" in kind.properties else "the other side has it"
    text = f"waits for {whom}" if whom else f"{record.status.replace('_', ' ')}{_amount(record)}: {unknown}"
    facts = (f"status is {record.status}", *((f"waiting_on is {whom}",) if whom else ()))
    return _Finding(text, facts)


def _stale(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    if kind.name not in _GROWS_STALE or kind.group_of(record.status) not in (*_MOVING, "waiting"):
        return None
    last = max(record.updated_at, scene.last_event_at.get(record.ref, ""))
    on = _day(last, scene.timezone)
    days = (scene.today - on).days
    if days < scene.rules.stale_days:
        return None
    return _Finding(f"nothing was written for {_days(days)}", (f"the last change was on {on.isoformat()}",), days)


def _no_next(scene: _Scene, kind: Kind, record: Record) -> _Finding | None:
    if kind.name not in _NEEDS_NEXT or kind.group_of(record.status) not in _MOVING:
        return None
    if next_action(record, scene.schema, scene.open, scene.tasks.get(record.ref, ())):
        return None
    left = "no open task" if kind.name == "project" else "no follow-up date"
    return _Finding("no next action", ("next_action is empty", f"there is {left}"))


_CHECKS: Mapping[str, Callable[[_Scene, Kind, Record], _Finding | None]] = {
    "blocked": _blocked,
    "overdue": _overdue,
    "pending": _pending,
    "contradictory": _contradictory,
    "due soon": _due_soon,
    "waiting": _waiting,
    "stale": _stale,
    "no next action": _no_next,
}


# -- next actions ------------------------------------------------------------------------------------------------------


def next_actions(records: Iterable[Record], schema: Schema, today: date) -> dict[str, str]:
    """What to do next, for every open project and prospect that has it."""
    scene = _scene(records, schema, today, StandingRules(), {}, ZoneInfo("UTC"))
    found = {
        record.ref: next_action(record, schema, scene.open, scene.tasks.get(record.ref, ()))
        for record in scene.open.values()
        if record.kind in _NEEDS_NEXT
    }
    return {ref: text for ref, text in found.items() if text}


def next_action(record: Record, schema: Schema, opened: Mapping[str, Record], tasks: Sequence[Record]) -> str | None:
    """What somebody wrote down, else the first open task: under way before to do, then by deadline, priority, ref.

    A text that begins with the ref of a task was derived here once; it counts while that task is open.
    """
    own = str(record.props.get("next_action") or "")
    if own and not _names_closed_task(own, schema, opened):
        return own
    ready = [task for task in tasks if schema.kinds["task"].group_of(task.status) in _MOVING]
    if ready:
        return _task_text(min(ready, key=lambda task: _readiness(schema, task)))
    if follow_up := record.props.get("follow_up"):
        return f"Follow up on {follow_up}"
    return None


def _names_closed_task(text: str, schema: Schema, opened: Mapping[str, Record]) -> bool:
    ref = text.partition(" ")[0]
    return ref.startswith(f"{schema.kinds['task'].prefix}-") and ref not in opened


def _task_text(task: Record) -> str:
    due = task.props.get("due")
    return f"{task.ref} {task.title}" + (f" (due {due})" if due else "")


def _readiness(schema: Schema, task: Record) -> tuple[Any, ...]:
    active = schema.kinds["task"].group_of(task.status) == "active"
    priority = _PRIORITY.get(str(task.props.get("priority")), 0)
    return not active, task.props.get("due") or "9999", -priority, len(task.ref), task.ref


# -- words -------------------------------------------------------------------------------------------------------------


def _deadline(kind: Kind, record: Record) -> date | None:
    text = record.props.get(kind.deadline) if kind.deadline else None
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):  # a remote truth may hold what we would never write
        return None


def _deadline_word(kind: Kind) -> str:
    return "due" if kind.deadline == "due" else str(kind.deadline).replace("_", " ")


def _held(kind: Kind, record: Record) -> str:
    """On whom it waits, behind a deadline that comes first."""
    whom = record.props.get("waiting_on")
    return f", waits for {whom}" if whom and kind.group_of(record.status) == "waiting" else ""


def _amount(record: Record) -> str:
    amount = record.props.get("amount") if record.kind in ("invoice", "payment", "proposal") else None
    return f", {values.show(amount)}" if amount else ""


def _day(instant: str, timezone: ZoneInfo) -> date:
    return parse_iso(instant).astimezone(timezone).date()


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
