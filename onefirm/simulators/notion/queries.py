"""Queries of a data source: the rows that pass, in pages that a cursor session holds together."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onefirm.simulators.notion import filters
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import DataSource, Page
from onefirm.simulators.notion.refusals import Refusal, invalid
from onefirm.simulators.notion.workspace import Workspace

CAP = 10_000
PAGE_MOST = 100
SESSIONS_MOST = 500
CURSOR = re.compile(r"s:([^:]+):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Session:
    """The rows that a first page found: later pages walk them, whatever has been written since."""

    id: str
    source: str
    question: str
    rows: Sequence[str]
    capped: bool
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One page of rows; `cursor` leads to the next, `capped` says that the query's limit cut the rest off."""

    rows: list[Page]
    cursor: str | None
    capped: bool


class Queries:
    """Answers queries and remembers their sessions."""

    def __init__(self, workspace: Workspace, cap: int = CAP, session_s: float = 3600) -> None:
        self.workspace, self.cap, self.session_s = workspace, cap, session_s
        self._sessions: dict[str, Session] = {}
        self._over: set[str] = set()

    def expire(self) -> None:
        """Let every cursor handed out so far be invalid from now on."""
        self._over |= set(self._sessions)
        self._sessions.clear()

    def page(self, source: DataSource, body: Mapping[str, Any]) -> Found:
        """The page that a query's body asks for. Raises Refusal."""
        question = json.dumps([body.get(key) for key in ("filter", "sorts", "in_trash", "archived")], sort_keys=True)
        tests = self._checked(source, body)
        session, start = self._begun(source, question, tests, body.get("start_cursor"))
        size = min(int(body.get("page_size") or PAGE_MOST), PAGE_MOST)
        shown = [source.rows[one] for one in session.rows[start : start + size] if one in source.rows]
        after = session.rows[start + size : start + size + 1]
        cursor = f"s:{session.id}:{after[0]}" if after else None
        return Found(shown, cursor, session.capped and not cursor)

    def _checked(self, source: DataSource, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read sorts and filter now: what they get wrong comes before what a cursor gets wrong."""
        filters.ordered(self.workspace, source, [], body.get("sorts") or ())
        sent = body.get("filter")
        return {
            "test": filters.read(self.workspace, source, sent) if sent else None,
            "sorts": body.get("sorts") or (),
            "in_trash": bool(body.get("in_trash", body.get("archived", False))),
        }

    def _begun(
        self, source: DataSource, question: str, tests: Mapping[str, Any], cursor: str | None
    ) -> tuple[Session, int]:
        if not cursor:
            return self._session(source, question, tests), 0
        shaped = CURSOR.fullmatch(cursor)
        named = shaped.group(2) if shaped else cursor
        held = self._sessions.get(shaped.group(1)) if shaped else None
        if shaped and shaped.group(1) in self._over:
            raise _no_cursor(cursor)
        if held and (held.ends_at <= self.workspace.clock.now() or held.source != source.id):
            raise _no_cursor(cursor)
        if held is None or held.question != question:
            held = self._session(source, question, tests)
            if shaped and canonical(named) is None:
                return held, 0  # as measured: a session it never gave out, and no row, is the first page
        if named not in held.rows:
            raise _no_cursor(named)
        return held, list(held.rows).index(named)

    def _session(self, source: DataSource, question: str, tests: Mapping[str, Any]) -> Session:
        now = self.workspace.clock.now()
        rows = self._rows(source, tests)
        made = Session(
            self.workspace.ids.uuid(),
            source.id,
            question,
            rows[: self.cap],
            len(rows) > self.cap,
            now + timedelta(seconds=self.session_s),
        )
        if len(rows) > 1:
            self._sessions[made.id] = made
        if len(self._sessions) > SESSIONS_MOST:  # the oldest is over
            self._over.add(oldest := next(iter(self._sessions)))
            del self._sessions[oldest]
        return made

    def _rows(self, source: DataSource, tests: Mapping[str, Any]) -> list[str]:
        self.workspace.index.settle(self.workspace.clock.now())
        test, in_trash = tests["test"], tests["in_trash"]
        found = [
            (page, page.indexed)
            for page in source.rows.values()
            if page.indexed and page.indexed.in_trash is in_trash and (test is None or test(page, page.indexed))
        ]
        return [page.id for page, _ in filters.ordered(self.workspace, source, found, tests["sorts"])]


def _no_cursor(cursor: str) -> Refusal:
    return invalid(f"The start_cursor provided is invalid: {cursor}")
