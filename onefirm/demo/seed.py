"""Living the demo firm's story through the rooms of a Firm: records, decisions, lessons, sessions, narrative.

Everything is as real as it would be after a month: the ledger's entries, their order and their chain are written by the
same code that writes yours. Only ids and dates differ from one seeding to the next.
"""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from onefirm import git, workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import CLAUDE, SYSTEM, By
from onefirm.core.clock import Clock, SystemClock, today
from onefirm.core.errors import Refused
from onefirm.demo import story
from onefirm.demo.clock import StoryClock
from onefirm.demo.story import Happening
from onefirm.ledger.anchors import TRAILER
from onefirm.state.records import Change
from onefirm.workspace import Report, Wishes

_BEFORE = timedelta(days=31)
_UNFINISHED = "demo-unfinished"
_SETTLING = timedelta(minutes=5)


Ground = Callable[[Path, StoryClock], None]
"""Prepares another place than its own store for the records of a new firm, by the story's clock."""


def found(target: Path, wishes: Wishes, clock: Clock | None = None, ground: Ground | None = None) -> Report:
    """Make a workspace and live the story in it up to now.

    1. Init, a month ago by the story's clock. Refused when the firm has a history of its own.
    2. Every happening at its moment; what Claude does in one day is one session, but for the last day's.
    3. The context tree with the refs that were given, in one commit that anchors the ledger.

    What is interrupted leaves nothing in a folder that was empty or wasn't there; a firm that was begun and killed is
    known by a mark in it, and refused.
    """
    present = (clock or SystemClock()).now()
    moving = StoryClock(present - _BEFORE)
    _refuse_lived_in(target)
    with _all_or_nothing(target):
        report = workspace.init(target, dataclasses.replace(wishes, firm=wishes.firm or story.NAME), moving)
        unfinished = report.root / workspace.HIDDEN / _UNFINISHED
        unfinished.touch(mode=0o600)
        if ground:
            ground(report.root, moving)
        _fill(report, moving, present)
        unfinished.unlink()
    return report


@contextmanager
def _all_or_nothing(target: Path) -> Generator[None]:
    is_new = not target.exists()
    is_empty = is_new or (target.is_dir() and not any(target.iterdir()))
    try:
        yield
    except BaseException:
        if is_empty:
            _empty(target)
        if is_new:
            shutil.rmtree(target, ignore_errors=True)
        raise


def _empty(folder: Path) -> None:
    """Take everything out of a folder that stays the operator's, with its owner and its mode."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _fill(report: Report, moving: StoryClock, present: datetime) -> None:
    with open_firm(report.root, clock=moving) as firm:
        day = today(present, firm.settings.timezone)
        refs = _live(firm, moving, story.read(day, firm.settings.timezone), day)
        moving.move_to(present)
        firm.records.sync()
        _write_context(firm, report, refs)


def _refuse_lived_in(target: Path) -> None:
    if (target / workspace.HIDDEN / _UNFINISHED).exists():
        raise Refused(
            f"{target} is a demo firm whose making was cut off.",
            hint=f"Name another one; if nothing of yours is in this, remove it: rm -r {shlex.quote(str(target))}",
        )
    if not (target / workspace.HIDDEN / "firm.db").exists():
        return
    with open_firm(target) as firm, firm.store.read() as conn:
        if firm.ledger.events(conn, kinds=["record."], limit=1):
            (first,) = firm.ledger.events(conn, limit=1)
            entries = sum(head.seq for head in firm.ledger.heads(conn))
            raise Refused(
                f"{target} has a history of its own: “{firm.settings.firm}”, {entries} entries in its ledger since"
                f" {first.at[:10]}. Nothing was changed.",
                hint=f"See it: `onefirm -C {shlex.quote(str(target))} brief`. For a demo firm, name an empty folder.",
            )


# -- the month ---------------------------------------------------------------------------------------------------------


def _live(firm: Firm, clock: StoryClock, happenings: list[Happening], day: date) -> dict[str, str]:
    life = _Life(firm, day)
    for _, group in groupby(happenings, key=lambda happening: happening.at.date()):
        same_day = list(group)
        last = same_day[-1] is happenings[-1]
        life.live_day(clock, same_day, None if last else _session_of(same_day))
    return life.refs


def _session_of(same_day: Iterable[Happening]) -> str | None:
    """A session id for the day's work of Claude, if there was any: made from the day, so that two seedings agree."""
    first = next((happening for happening in same_day if happening.actor == CLAUDE), None)
    return None if first is None else f"S-day{first.at.toordinal():09d}".translate(_LETTERS)


_LETTERS = str.maketrans("0189", "abcd")  # ids of sessions are written in base 32: a to z, 2 to 7


class _Life:
    """What was given so far: the refs by the story's own ids, and the last event of each record for its undo."""

    def __init__(self, firm: Firm, day: date) -> None:
        self._firm = firm
        self._day = day
        self.refs: dict[str, str] = {}
        self._does: Mapping[str, Callable[[Happening, By], str]] = {
            "update": self._update, "undo": self._undo, "archive": self._archive, "decision": self._decide,
            "lesson": self._learn, "seen_again": self._see_again,
        }  # fmt: skip

    def live_day(self, clock: StoryClock, happenings: list[Happening], session: str | None) -> None:
        """One day in its order; a session around what Claude did in it."""
        by_claude = [happening for happening in happenings if happening.actor == CLAUDE]
        touched: dict[str, None] = {}
        for together in _batches(happenings):
            first = together[0]
            clock.move_to(first.at)
            if session and first is by_claude[0]:
                self._open(session)
            refs = self._happen(
                together, By(first.actor, session if first.actor == CLAUDE else None, self._text(first.reason))
            )
            if first.actor == CLAUDE:
                touched.update(dict.fromkeys(refs))
            if session and together[-1] is by_claude[-1]:
                clock.move_to(first.at + _SETTLING)
                self._close(session, list(touched))

    def _happen(self, together: list[Happening], by: By) -> list[str]:
        first = together[0]
        if first.do == "create":
            return self._create(together, by)
        return [self._does[first.do](first, by)]

    def _create(self, together: list[Happening], by: By) -> list[str]:
        changes = [Change("create", kind=one.kind, set=self._values(one.kind, one.body)) for one in together]
        written = self._firm.records.write(changes, by)
        self.refs.update({one.id: result.ref for one, result in zip(together, written, strict=True)})
        return [result.ref for result in written]

    def _update(self, one: Happening, by: By) -> str:
        ref = self.refs[one.id]
        values = self._values(self._firm.schema.kind_of(ref).name, one.body["set"])
        self._firm.records.write([Change("update", ref=ref, set=values)], by)
        return ref

    def _undo(self, one: Happening, by: By) -> str:
        self._firm.records.undo(self.refs[one.id], by)
        return self.refs[one.id]

    def _archive(self, one: Happening, by: By) -> str:
        self._firm.records.write([Change("archive", ref=self.refs[one.id])], by)
        return self.refs[one.id]

    def _decide(self, one: Happening, by: By) -> str:
        told = {name: self._plain(value) for name, value in one.body.items()}
        supersedes = self.refs[told["supersedes"]] if told.get("supersedes") else None
        made = self._firm.decisions.record(
            told["what"], told["why"], alternatives=told.get("alternatives", ()), evidence=told.get("evidence", ()),
            about=self._named(told), supersedes=supersedes, by=by,
        )  # fmt: skip
        return self._gave(one, made.ref)

    def _learn(self, one: Happening, by: By) -> str:
        told = {name: self._plain(value) for name, value in one.body.items()}
        made = self._firm.lessons.record(told["rule"], told["why"], theme=told["theme"], about=self._named(told), by=by)
        return self._gave(one, made.ref)

    def _see_again(self, one: Happening, by: By) -> str:
        where = str(one.body["where"])
        about = [self.refs[name] for name in story.named(where)]
        return self._firm.lessons.record("", self._text(where) or "", about=about, again=self.refs[one.id], by=by).ref

    def _gave(self, one: Happening, ref: str) -> str:
        self.refs[one.id] = ref
        return ref

    # -- words ---------------------------------------------------------------------------------------------------------

    def _values(self, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        properties = self._firm.schema.kind(kind).properties
        return {
            name: self._relation(value) if properties[name].type == "relation" else self._plain(value)
            for name, value in given.items()
        }

    def _relation(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.refs[name] for name in value]  # pyright: ignore[reportUnknownVariableType]
        return None if value is None else self.refs[value]

    def _named(self, told: Mapping[str, Any]) -> list[str]:
        return [self.refs[name] for name in told.get("about", ())]

    def _plain(self, value: Any) -> Any:
        return story.resolved(value, self.refs.__getitem__, self._day)

    def _text(self, text: str | None) -> str | None:
        return None if text is None else story.with_refs(text, self.refs.__getitem__)

    # -- sessions ------------------------------------------------------------------------------------------------------

    def _open(self, session: str) -> None:
        told = {"source": "startup", "client_id": f"demo-{session}", "parent": None}
        self._tell("session.opened", told, By(CLAUDE, session))

    def _close(self, session: str, touched: list[str]) -> None:
        with self._firm.store.read() as conn:
            head = self._firm.ledger.head(conn)
        told: dict[str, Any] = {
            "how": "ended", "touched": touched, "pending": 0, "unreconciled": [], "next_actions": {}, "commit": None,
            "not_committed": "", "head": str(head) if head else None,
        }  # fmt: skip
        self._tell("session.closed", told, By(SYSTEM, session))

    def _tell(self, kind: str, told: Mapping[str, Any], by: By) -> None:
        with self._firm.store.write() as conn:
            self._firm.ledger.append(conn, kind, told, subjects=(), by=by, effect_key=f"{kind}:{by.session}")


def _batches(happenings: Iterable[Happening]) -> Iterator[list[Happening]]:
    """Records that were created at one moment by one hand are one write; everything else happens alone."""

    def key(pair: tuple[int, Happening]) -> Any:
        number, one = pair
        return (one.at, one.actor, one.reason) if one.do == "create" else number

    for _, group in groupby(enumerate(happenings), key=key):
        yield [one for _, one in group]


# -- the narrative -----------------------------------------------------------------------------------------------------


def _write_context(firm: Firm, report: Report, refs: Mapping[str, str]) -> None:
    paths: list[str] = []
    for path, text in story.context():
        target = firm.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(story.with_refs(text, refs.__getitem__), encoding="utf-8")
        paths.append(path)
    with firm.store.read() as conn:
        heads = firm.ledger.heads(conn)
    git.commit_paths(firm.root, paths, "Tell why things are as they are", [(TRAILER, str(head)) for head in heads])
    report.made.extend(path for path in paths if path not in report.made)
