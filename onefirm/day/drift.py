"""Drift: what the narrative says, held against what the truth says now, the worst first. No model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import iso, parse_iso, today
from onefirm.core.errors import NotFound
from onefirm.core.ids import is_temporary
from onefirm.day import context, freshness
from onefirm.day.freshness import Fresh
from onefirm.day.planes import Planes
from onefirm.day.wording import clip
from onefirm.narrative import archive, files, scaffold, statements
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index
from onefirm.narrative.lint import World
from onefirm.narrative.statements import Statements
from onefirm.sessions.paths import told
from onefirm.state import mirror
from onefirm.state.mirror import Record
from onefirm.state.schema import CLOSED

Rule = Literal["contradiction", "no record", "reopened", "lag", "closed", "copy", "no file"]
# In the order of what they cost: what is believed and wrong, what nobody reads, what only lies about.
RULES: Mapping[Rule, str] = {
    "contradiction": "a file says that a record stands where it doesn't, or gives an amount or a date that it hasn't",
    "no record": "a file belongs to a record that isn't there, or is archived",
    "reopened": "a record is open, and all its files lie in the archive",
    "lag": "an open record moved, and for as many days as the brief calls stale nobody edited or confirmed its file",
    "closed": "a record is closed, and its files still load with other work",
    "copy": "a file repeats a property that stands in the record",
    "no file": "a client, prospect or project is under way and has no file",
}
_WITH_FILES = (*scaffold.AREAS, "project")
_MOST_DAYS = 99
_QUOTED = 120


@dataclass(frozen=True, slots=True)
class Drift:
    """One finding. `path` and `line` (0: the whole file) are empty where a file is missing; `because` has the facts,
    `fix` the way out. `score`: a hundred for each rule below, and a point for each day that it is so.
    """

    rule: Rule
    path: str
    line: int
    ref: str
    what: str
    because: tuple[str, ...]
    fix: str
    days: int
    rank: int = 0

    @property
    def score(self) -> int:
        """What it costs: by its rule, then by its days."""
        return 100 * (len(RULES) - list(RULES).index(self.rule)) + min(self.days, _MOST_DAYS)


@dataclass(frozen=True, slots=True)
class Report:
    """`mirror` says what must be told about the mirror's age; `files` and `records` count what was looked at."""

    at: str
    found: tuple[Drift, ...]
    files: int
    records: int
    mirror: tuple[str, ...]


def report(planes: Planes) -> Report:
    """Take over what changed at the truth, then compare; where the truth can't be reached, with its last word."""
    pulled = planes.pulls.whole(planes, By(SYSTEM))
    index, now = Index(files.read(planes.root)), planes.clock.now()
    look = _Look(planes, index, now)
    ranked = sorted(look.every(), key=lambda one: (-one.score, one.path, one.line, one.ref))
    found = tuple(replace(one, rank=rank) for rank, one in enumerate(ranked, 1))
    return Report(iso(now), found, len(index.files), len(look.records), pulled.told)


def explain(told: Report, number: int) -> str:
    """Why finding `number` stands where it does. Raises NotFound."""
    one = next((one for one in told.found if one.rank == number), None)
    if one is None:
        raise NotFound(f"There is no finding {number}.", hint=f"There are {len(told.found)}: `onefirm drift`.")
    facts = "\n".join(f"  - {fact}" for fact in one.because)
    return f"{one.rank}. {_where(one)}{one.what}\nRule “{one.rule}”: {RULES[one.rule]}\n{facts}\nscore {one.score}"


def _where(one: Drift) -> str:
    return f"{told(one.path)}{f':{one.line}' if one.line else ''} " if one.path else ""


class _Look:
    """One comparison: the files, and the records that they name or that should have one."""

    def __init__(self, planes: Planes, index: Index, now: datetime) -> None:
        self.planes, self.index, self.now = planes, index, now
        self.live = [file for file in index.files.values() if not archive.is_archived(file.path)]
        self.world: World = context.world(planes)
        self.fresh: Mapping[str, Fresh] = {one.path: one for one in freshness.every(planes, index)}
        with planes.store.read() as conn:
            rows = [mirror.record_of(row) for row in conn.execute(mirror.rows())]
            refs = {ref for file in index.files.values() for ref in file.refs}
            self.meant = mirror.aliases(conn, filter(is_temporary, refs))
        self.records: Mapping[str, Record] = {row.ref: row for row in rows}

    def every(self) -> Iterator[Drift]:
        """Every finding, in no order."""
        yield from self._statements()
        for file in self.live:
            yield from self._unowned(file)
            yield from self._lags(file)
        yield from self._closed()
        yield from self._reopened()
        yield from self._missing()

    def _statements(self) -> Iterator[Drift]:
        refs = sorted({ref for file in self.live for ref in file.named})
        said = list(Statements().of(self.live, self.world.rules, self.world.records(refs).get))
        wrong: set[tuple[str, int]] = set()
        for file, every in said:
            for one in every:
                if one.rule == "contradiction":
                    wrong.add((file.path, one.line))
                    what = f"“{clip(one.cited, _QUOTED)}”: {one.why}"
                    fix = "word it as the plan or the history it is; if the record is behind, write that"
                    yield self._said("contradiction", file, one.line, what, fix)
        for fault in statements.faults(said):
            if (fault.path, fault.line) not in wrong:
                yield self._said("copy", self.index.files[fault.path], fault.line, fault.what, fault.fix)

    def _said(self, rule: Rule, file: ContextFile, line: int, what: str, fix: str) -> Drift:
        ref = file.refs[0] if file.refs else ""
        return Drift(rule, file.path, line, ref, what, tuple(self._facts(file)), fix, self._days(self._since(file)))

    def _unowned(self, file: ContextFile) -> Iterator[Drift]:
        for ref in file.refs:
            row = self._row(ref)
            if row is None and not is_temporary(ref):
                what, fix = f"belongs to {ref}, and there is no such record", "name the record that it belongs to"
                facts = (f"no record of the truth is called {ref}", *self._facts(file))
                yield Drift("no record", file.path, file.record_line, ref, what, facts, fix, 0)
            elif row and row.archived and ref == file.refs[0]:
                what = f"belongs to {_named(row)}, which is archived"
                yield Drift("no record", file.path, file.record_line, ref, what, tuple(self._facts(file)),
                            _closing(file, ref), self._days(row.updated_at))  # fmt: skip

    def _lags(self, file: ContextFile) -> Iterator[Drift]:
        before = iso(self.now - timedelta(days=self.planes.rules.stale_days))
        for moved in self.fresh[file.path].moved:
            row = self._row(moved.ref)
            if moved.at <= before and row and self._is_open(row):
                days = self._days(moved.at)
                what = f"says nothing of what happened since, {days} days ago: {moved.what}"
                facts = (f"it moved first on {self._day(moved.at)}", *self._facts(file))
                fix = f"tell the why there, or say that it holds: `onefirm context confirm {file.path}`"
                yield Drift("lag", file.path, 0, row.ref, what, facts, fix, days)

    def _closed(self) -> Iterator[Drift]:
        for row in self._owners():
            if row.archived or self._is_open(row):
                continue
            for home in archive.homes(self.index, row.ref):
                path = home if home in self.index.files else f"{home}/CLAUDE.md"
                file = self.index.files.get(path)
                what = f"belongs to {_named(row)}, which is closed: its status is {row.status}"
                facts = tuple(self._facts(file)) if file else (self._stands(row),)
                fix = f"`onefirm context close {row.ref}` moves it into the archive"
                yield Drift("closed", path, 0, row.ref, what, facts, fix, self._days(row.updated_at))

    def _reopened(self) -> Iterator[Drift]:
        held = {ref for file in self.live for ref in file.refs}
        for file in self.index.files.values():
            row = self._row(file.refs[0]) if file.refs and archive.is_archived(file.path) else None
            if row and row.ref not in held and self._is_open(row):
                what = f"lies in the archive, and {_named(row)} is open: its status is {row.status}"
                fix = f"take it back (`git revert` of its close), or begin anew: `onefirm context new {row.ref} LINE`"
                yield Drift(
                    "reopened", file.path, 0, row.ref, what, (self._stands(row),), fix, self._days(row.updated_at)
                )

    def _missing(self) -> Iterator[Drift]:
        held = {self.meant.get(ref, ref) for file in self.index.files.values() for ref in file.refs}
        for row in self.records.values():
            if row.kind in _WITH_FILES and row.ref not in held and self._is_under_way(row):
                what = f"{_named(row)} is {row.status} and has no file that says why"
                fix = f'`onefirm context new {row.ref} "what it is, in one line"`'
                facts = (f"it was created on {self._day(row.created_at)}", self._stands(row))
                yield Drift("no file", "", 0, row.ref, what, facts, fix, self._days(row.created_at))

    def _owners(self) -> Iterator[Record]:
        refs = dict.fromkeys(file.refs[0] for file in self.live if file.refs)
        return (row for ref in refs if (row := self._row(ref)))

    def _row(self, ref: str) -> Record | None:
        return self.records.get(self.meant.get(ref, ref))

    def _group(self, row: Record) -> str:
        kind = self.planes.schema.kinds.get(row.kind)
        return kind.group_of(row.status) if kind else "open"

    def _is_open(self, row: Record) -> bool:
        return not row.archived and self._group(row) not in CLOSED

    def _is_under_way(self, row: Record) -> bool:
        return self._is_open(row) and self._group(row) != "open"

    def _since(self, file: ContextFile) -> str:
        """Since when a file may be wrong: its record's last change, or its own."""
        row = self._row(file.refs[0]) if file.refs else None
        return max(row.updated_at if row else "", self.fresh[file.path].edited_at)

    def _facts(self, file: ContextFile) -> Iterator[str]:
        fresh = self.fresh[file.path]
        by = f" by {fresh.edited_by}" if fresh.edited_by else ""
        yield f"the file was last edited on {self._day(fresh.edited_at)}{by}"
        if fresh.confirmed_at:
            yield f"it was confirmed on {self._day(fresh.confirmed_at)} by {fresh.confirmed_by}"
        if row := self._row(file.refs[0]) if file.refs else None:
            yield self._stands(row)

    def _stands(self, row: Record) -> str:
        archived = " and archived" if row.archived else ""
        return f"{row.ref} is {row.status}{archived}; it last changed on {self._day(row.updated_at)}"

    def _day(self, at: str) -> str:
        return today(parse_iso(at), self.planes.rules.timezone).isoformat()

    def _days(self, at: str) -> int:
        return max(0, (self.now - parse_iso(at)).days)


def _named(row: Record) -> str:
    return f"{row.ref} “{clip(row.title)}”"


def _closing(file: ContextFile, ref: str) -> str:
    return f"`onefirm context close {ref}` moves it into the archive" if file.is_in_tree else "remove it, or its head"
