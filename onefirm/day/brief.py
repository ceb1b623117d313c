"""The brief: what changed since the last close, what needs attention, where things stand. No model is asked.

Sections are filled in a fixed order until the token budget is used; what is left out is counted, never hidden.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from onefirm.core.clock import iso, parse_iso, today
from onefirm.core.errors import NotFound
from onefirm.core.sight import WHOLE, Sight
from onefirm.core.tokens import estimate
from onefirm.day import changes, choices, hooks, intake, recollection, wiring
from onefirm.day.planes import Planes
from onefirm.day.wording import clip
from onefirm.ledger.sentences import local_time
from onefirm.memory.holding import Held
from onefirm.sessions import paths, switches, walk, walls
from onefirm.state.standing import RULES, Line
from onefirm.store import inbox
from onefirm.store.inbox import InboxItem

FILE = "brief.json"
_CHANGES_SHARE = 0.45  # of what is left after the head; the rest is for where things stand
_CLAIMS_SHARE = 0.2  # at most, of all
_MOST_LEFT = 3  # files that are named
_REMEMBERED = timedelta(days=14)
_CLOSING_DAYS = 3
_ASKED = {"fact": "onefirm memory questions"}  # where a question is answered, by its kind
_HOW = (
    "Before editing a record's narrative, look with record_get; write state with record_write first, narrative after."
)


@dataclass(frozen=True, slots=True)
class Brief:
    """`text` is what Claude reads; `lines` and `changes` are complete, also where the text had to stop. `claims` are
    what it says of what memory holds.
    """

    at: str
    since: str | None
    text: str
    lines: tuple[Line, ...]
    changes: tuple[str, ...]
    attention: tuple[str, ...]
    claims: tuple[Held, ...] = ()


def build(planes: Planes, now: datetime, mirror: Sequence[str] = (), known: Collection[str] = ()) -> Brief:
    """Compute the brief for this moment; `mirror` is what must be told about the mirror's age, `known` are refs of
    memory that whoever reads it was shown already.
    """
    with planes.store.read() as conn:
        closed = changes.last_close(planes, conn)
        changed = tuple(change.text for change in changes.since(planes, conn, closed.at if closed else None))
        attention = (*mirror, *_attention(planes, conn))
    lines, budget = tuple(planes.records.standing(now)), planes.rules.brief_tokens
    with planes.store.read() as conn:
        held = recollection.of_records(planes, conn, [line.ref for line in lines], known)
    claims, told = recollection.said(held, round(budget * _CLAIMS_SHARE))
    head = _head(planes, now, closed.at if closed else None)
    text = _render(head, attention, changed, lines, budget - estimate(told))
    text = "\n\n".join(filter(None, (text, told)))
    return Brief(iso(now), closed.at if closed else None, text, lines, changed, attention, tuple(claims))


def explain(brief: Brief, number: int) -> str:
    """Why line `number` stands where it does. Raises NotFound."""
    line = next((line for line in brief.lines if line.rank == number), None)
    if line is None:
        raise NotFound(
            f"The brief has no line {number}.", hint=f"It has lines 1 to {len(brief.lines)}: `onefirm brief`."
        )
    because = "\n".join(f"  - {fact}" for fact in line.because)
    head = f"{line.rank}. {line.ref} {clip(line.title)}\nRule “{line.rule}”: {RULES[line.rule]}"
    return f"{head}\n{because}\nscore {line.score}"


def keep(root: Path, brief: Brief) -> None:
    """Store the brief where the session-start hook finds it when the core is late."""
    path = root / ".onefirm" / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump({"at": brief.at, "text": brief.text}, file, ensure_ascii=False)
    draft.replace(path)


def _head(planes: Planes, now: datetime, since: str | None) -> str:
    day = today(now, planes.rules.timezone)
    head = f"# {clip(planes.rules.firm)}: {day:%A} {day.isoformat()}\n{_HOW}{_wall(planes.sight)}"
    return head if since else f"{head}\nNo session has been closed yet: everything below is new."


def _wall(sight: Sight) -> str:
    return f"\n{walls.told(sight.client)}" if sight.client else ""


def _attention(planes: Planes, conn: Connection) -> Iterable[str]:
    for concern in hooks.concerns(planes.root, planes.rules.timezone):
        yield f"{concern.what}. {'Run' if concern.area == 'guard' else 'Mend it'}: {concern.fix}"
    if switch := switches.off(str(planes.root)):
        yield f"{switch}, so no guard stands in this folder. Take it out and start Claude Code again"
    if changed := wiring.changes(planes):
        yield f"{clip(wiring.told(changed), 300)}. Look, then accept it: onefirm doctor --accept"
    for item in inbox.open_items(conn):
        if planes.sight.sees(item.subjects):
            yield f"{item.id} {clip(item.title, 120)}: waits for your decision (`{asks(item)}`)"
    for decision in planes.decisions.closing(_CLOSING_DAYS):
        until = _until(planes, str(decision.reversible_until))
        yield f"{decision.ref} can be reversed {until}: {clip(decision.what, 120)}"
    if chosen := choices.unrecorded(planes):
        more = f" and {len(chosen) - 1} more" if len(chosen) > 1 else ""
        said = clip(f"{chosen[0]['question']} {chosen[0]['chosen']}", 120)
        yield f"You chose in a session, and no decision says so: “{said}”{more} (`onefirm decision choices`)"
    for waits in planes.records.pending():
        if waits.state != "held":
            since = local_time(waits.since, planes.rules.timezone)
            yield f"{waits.ref} {clip(waits.title)}: what {waits.actor} wrote waits for the truth since {since}"
    last = planes.ledger.events(conn, kinds=["session.closed"], newest_first=True, limit=1)
    told = (last[0].payload or {}).get("not_committed") if last else None
    if told and planes.sight is WHOLE:  # it names files
        yield clip(str(told), 300)
    if planes.sight is WHOLE and (left := intake.refused(planes.root)):
        more = f" and {len(left) - _MOST_LEFT} more" if len(left) > _MOST_LEFT else ""
        yield f"{', '.join(left[:_MOST_LEFT])}{more}: can't be archived; why stands beside it (.refused.txt)"
    yield from _unreconciled(planes, conn)


def _until(planes: Planes, day: str) -> str:
    if day == today(planes.clock.now(), planes.rules.timezone).isoformat():
        return "today for the last time"
    return f"until {date.fromisoformat(day):%A} {day}"


def asks(item: InboxItem) -> str:
    """The command that shows a question and how to answer it."""
    return str(item.payload.get("command") or _ASKED.get(item.kind, "onefirm record conflicts"))


def _unreconciled(planes: Planes, conn: Connection) -> Iterable[str]:
    """What sessions left in narrative against the guard, unless the file was edited or removed since."""
    since = iso(planes.clock.now() - _REMEMBERED)
    left: dict[str, tuple[str, str]] = {}
    for event in planes.ledger.events(conn, kinds=["narrative.edited", "narrative.unreconciled"], since_at=since):
        path = str((event.payload or {}).get("path", ""))
        if event.kind == "narrative.edited":
            left.pop(path, None)
        elif path:  # its words may have been erased
            left[path] = str((event.payload or {}).get("why", "")), event.at
    for path, (why, at) in left.items():
        if not planes.sight.hides_path(path) and not _was_touched(planes.root, path, at):
            yield f"{paths.told(path)} was left as it doesn't stand: {clip(why, 160)}"


def _was_touched(root: Path, path: str, at: str) -> bool:
    """Whether somebody edited or removed a file by hand after an instant: no session tells of that."""
    try:
        return Path(walk.on_disk(f"{root}/{path}")).stat().st_mtime > parse_iso(at).timestamp()
    except OSError:
        return True


def _render(head: str, attention: Sequence[str], changed: Sequence[str], lines: Sequence[Line], budget: int) -> str:
    parts = [head]
    if attention:
        parts.append(_section("## Needs you", [f"- {text}" for text in attention], budget // 4))
    left = budget - estimate("\n\n".join(parts))
    if changed:
        title = f"## Changed since the last close ({len(changed)})"
        newest_first = [f"- {text}" for text in reversed(changed)]
        parts.append(_section(title, newest_first, round(left * _CHANGES_SHARE) if lines else left))
    left = budget - estimate("\n\n".join(parts)) - 8
    standing = [f"{line.rank}. {line.rule}: {line.ref} {clip(line.title)}: {line.text}" for line in lines]
    parts.append(
        _section(f"## Where things stand ({len(lines)})", standing or ["Nothing is blocked, due or stale."], left)
    )
    return "\n\n".join(parts)


def _section(title: str, rows: Sequence[str], budget: int) -> str:
    kept = [title]
    used = estimate(title) + 14  # the last line, which says how many rows are left out
    for row in rows:
        used += estimate(row) + 1
        if used > budget:
            break
        kept.append(row)
    if left := len(rows) - (len(kept) - 1):
        kept.append(f"… and {left} more: brief_get, or `onefirm brief`.")
    return "\n".join(kept)
