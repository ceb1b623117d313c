"""A firm's first hour on a real Notion: databases made, records written, edited by another hand, archived, taken away.

It works under a page of its own below the one that is named, and puts that page into the trash at the end. What can
only be learned from Notion itself (how far its lists lag, what trashing does to times) is measured on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from onefirm.cli.exits import run
from onefirm.state.truth.base import TruthError
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.found import page_id
from onefirm.state.truth.notion.loop import Loop
from onefirm.state.truth.notion.mapping import REAL, address
from onefirm.state.truth.notion.pace import FASTEST, RATE, Pace

PATIENCE_S = 180.0
_PAUSE_S = 3.0
_LONG = "Ask, and write down what they say. " * 80  # beyond what one element of a rich text holds


class Failed(Exception):
    """A step that didn't do what it should."""


def main(arguments: Sequence[str]) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="notion-smoke", description=__doc__)
    parser.add_argument("page", metavar="PAGE", help="link or id of a sandbox page that is shared with the integration")
    parser.add_argument("--at", metavar="URL", default=REAL, help="a simulated Notion instead: http://127.0.0.1:PORT")
    parser.add_argument("--keep", action="store_true", help="leave the databases there")
    wishes = parser.parse_args(arguments)
    token = os.environ.get("NOTION_TOKEN", "").strip()
    if not token:
        print("notion-smoke: NOTION_TOKEN is not set; it is the secret of your sandbox's integration.", file=sys.stderr)
        return 2
    hand = _Hand(token, address(wishes.at))
    try:
        with tempfile.TemporaryDirectory(prefix="smoke-") as folder:
            Story(hand, Path(folder) / "firm", wishes.at).live(page_id(wishes.page), keep=wishes.keep)
    except (Failed, TruthError) as error:
        print(f"FAILED  {error}", file=sys.stderr)
        return 1
    finally:
        hand.close()
    print("All of it stands.")
    return 0


class _Hand:
    """Notion itself, asked beside the firm: the other hand that edits, and the eye that looks."""

    def __init__(self, token: str, url: str) -> None:
        self.token = token
        self._caller = Caller(token, url, Pace(RATE if url == REAL else FASTEST))
        self._loop = Loop()

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        sort = "read" if method == "GET" or path.endswith("/query") else "create" if method == "POST" else "write"
        return self._loop.run(self._caller.call(sort, method, path, body=body))

    def close(self) -> None:
        if self._loop.started:
            self._loop.run(self._caller.close())
            self._loop.close()


class Story:
    """The hour, step by step; each says what it proved and how long it took."""

    def __init__(self, hand: _Hand, root: Path, at: str) -> None:
        self._hand = hand
        self._root = root
        self._at = at

    def live(self, sandbox: str, *, keep: bool) -> None:
        """All steps. The page that everything is under goes into the trash at the end, also after a failure."""
        home = self._step("a page of its own", lambda: self._page(sandbox))
        try:
            self._step("databases made, mapped and checked", lambda: self._connect(home))
            self._step("records written, read back and related", self._write)
            self._step("a long text comes back whole", self._long)
            self._step("an edit by another hand is taken over", self._edited_elsewhere)
            self._step("an update is undone", self._undo)
            self._step("an archived record lies in the trash", self._archive)
        finally:
            if keep:
                print(f"kept    page {home}")
            else:
                self._step("taken away", lambda: self._hand.ask("PATCH", f"pages/{home}", {"in_trash": True}))

    def _step(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.monotonic()
        done = work()
        print(f"ok      {name}  ({time.monotonic() - began:.1f} s)", flush=True)
        return done

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _page(self, sandbox: str) -> str:
        title = [{"type": "text", "text": {"content": f"onefirm smoke {time.strftime('%Y-%m-%d %H:%M:%S')}"}}]
        body = {"parent": {"type": "page_id", "page_id": sandbox}, "properties": {"title": {"title": title}}}
        return str(self._hand.ask("POST", "pages", body)["id"])

    def _connect(self, home: str) -> None:
        _run(["init", str(self._root), "--timezone", "Europe/Berlin"])
        at = [] if self._at == REAL else ["--at", self._at]
        with _environment("ONEFIRM_SECRET_NOTION", self._hand.token):
            self._firm("connect", "notion", "--under", home, "--add-key", *at)
        _need(not (self._root / ".onefirm" / "secrets.json").exists(), "the token was kept, though it was given")
        found = json.loads(self._firm("connect", "notion", "--check", "--json"))
        _need(found["gaps"] == [], f"gaps: {found['gaps']}")
        self._firm("connect", "notion", "--switch")

    def _write(self) -> None:
        self._firm("record", "create", "client", "title=Acme GmbH", "email=office@acme.example")
        self._firm(
            "record", "create", "project", "title=Website", "client=CL-1", "due=2027-01-31", "budget=12500.50 EUR"
        )
        self._firm("record", "create", "task", "title=Call Jana", "project=P-1", "status=doing", "due=2026-12-01")
        project = self._record("P-1")
        _need(project["client"] == "CL-1", f"P-1's client is {project.get('client')}")
        page = self._page_of("task", "Call Jana")
        _need(self._cell(page, "task", "due")["date"]["start"] == "2026-12-01", "Notion has another due date")
        amount = self._cell(self._page_of("project", "Website"), "project", "budget")["number"]
        _need(amount == 12500.5, f"Notion has the budget {amount}")

    def _long(self) -> None:
        self._firm("record", "update", "P-1", f"next_action={_LONG}")
        _need(self._record("P-1")["next_action"] == _LONG.strip(), "the text came back changed")

    def _edited_elsewhere(self) -> None:
        page = self._page_of("task", "Call Jana")
        due = {self._column("task", "due")["id"]: {"date": {"start": "2026-12-24"}}}
        self._hand.ask("PATCH", f"pages/{page['id']}", {"properties": due})
        began = time.monotonic()
        while self._record("T-1")["due"] != "2026-12-24":
            _need(time.monotonic() - began < PATIENCE_S, "the edit didn't arrive")
            self._firm("sync")
            time.sleep(0 if self._at != REAL else _PAUSE_S)

    def _undo(self) -> None:
        self._firm("record", "update", "T-1", "status=waiting", "waiting_on=Jana")
        self._firm("record", "undo", "T-1")
        _need(self._record("T-1")["status"] == "doing", "the undo didn't reach the record")

    def _archive(self) -> None:
        page = self._page_of("task", "Call Jana")
        self._firm("record", "archive", "T-1")
        now = self._hand.ask("GET", f"pages/{page['id']}")
        _need(now["in_trash"] is True, "the page is not in the trash")
        moved = "moves" if now["last_edited_time"] != page["last_edited_time"] else "doesn't show in"
        print(f"        measured: trashing {moved} the minute of last_edited_time")

    # -- looking -------------------------------------------------------------------------------------------------------

    def _firm(self, *arguments: str) -> str:
        with _environment("ONEFIRM_SECRET_NOTION", self._hand.token):
            return _run(["-C", str(self._root), *arguments])

    def _record(self, ref: str) -> dict[str, Any]:
        return json.loads(self._firm("record", "get", ref, "--json"))["props"]

    def _column(self, kind: str, name: str) -> dict[str, Any]:
        return self._kind(kind)["properties"][name]

    def _kind(self, kind: str) -> dict[str, Any]:
        return yaml.safe_load((self._root / "notion.yaml").read_text(encoding="utf-8"))["kinds"][kind]

    def _cell(self, page: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
        return page["properties"][self._column(kind, name)["name"]]

    def _page_of(self, kind: str, title: str) -> dict[str, Any]:
        """The row of this title, once the list shows it; how far the list lags is measured."""
        began = time.monotonic()
        while True:
            rows = self._hand.ask("POST", f"data_sources/{self._kind(kind)['data_source']}/query", {})["results"]
            for row in rows:
                if "".join(one["plain_text"] for one in self._cell(row, kind, "title")["title"]) == title:
                    lag = time.monotonic() - began
                    if lag > _PAUSE_S:
                        print(f"        measured: the list showed “{title}” after {lag:.0f} s")
                    return row
            _need(time.monotonic() - began < PATIENCE_S, f"no list shows “{title}”")
            time.sleep(_PAUSE_S)


def _run(arguments: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    _need(code == 0, f"onefirm {' '.join(arguments)[:120]}: exit code {code}\n{err.getvalue()}")
    return out.getvalue()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Any:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)
