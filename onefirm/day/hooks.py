"""What the hooks' marks tell: which one never ran, has not fired though it should have, failed, answers with another
version or is slow; and whether the guard still denies.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from onefirm import __version__
from onefirm.core.clock import Clock, parse_iso
from onefirm.day.surroundings import Finding
from onefirm.ledger.sentences import local_time
from onefirm.sessions import canary, db, marks, silence
from onefirm.sessions.shapes import Mark

_STALE = timedelta(days=7)
# What a hook does, for people; the keys are the names of its marks. A shell command may never be asked for, and a
# conversation never be compacted.
NAMES = {
    "session_start": "the brief at a session's start", "prompt": "the word on what moved, at a prompt",
    "guard": "the guard before an edit",
    "post_tool_use": "the look after an edit", "stop": "the question when Claude stops",
    "session_end": "the close at a session's end",
}  # fmt: skip
_ALL_NAMES = {
    **NAMES, "wall": "the look behind a client wall",
    "before_command": "the look before a command", "pre_compact": "the notes before a compaction",
    canary.HOOK: "the guard's test of itself",
}  # fmt: skip
# Far above what they take on a busy machine: who is slower than this keeps a session waiting.
BUDGET_MS = {
    "session_start": 6_000, "prompt": 1_000, "guard": 1_000, "wall": 2_000, "before_command": 1_000,
    "post_tool_use": 1_000,
    "pre_compact": 1_500, "stop": 1_500, "session_end": 1_000, canary.HOOK: 1_000,
}  # fmt: skip
_TURN_ON = "see in Claude Code whether hooks and the plugin are on (/hooks, /plugin), then: onefirm doctor"
_INSTALL = "claude plugin uninstall onefirm@onefirm && claude plugin install onefirm@onefirm"
_WAIT_S = 20


def examine(root: Path, clock: Clock, timezone: str = "UTC") -> Iterator[Finding]:
    """What each mark says, and which is missing; times are told in this zone."""
    left = {mark["hook"]: mark for mark in marks.all(str(root))}
    silent = dict(_silent(root))
    if missing := [said for name, said in NAMES.items() if name not in left and name not in silent]:
        fix = "start Claude Code in this folder with the plugin"
        yield Finding("warn", "hooks", f"never ran here: {', '.join(missing)}", fix)
    yield from silent.values()
    for name, mark in left.items():
        if name not in silent:
            yield _told(clock, mark, timezone)


def of_guard(root: Path, clock: Clock, timezone: str) -> Finding:
    """What the mark of the guard's own hook says: rules without it hold nobody."""
    for mark in marks.all(str(root)):
        if mark["hook"] == "guard":
            return _told(clock, mark, timezone)
    what = f"{NAMES['guard']} never ran here: the rules hold once Claude Code runs in this folder with the plugin"
    return Finding("warn", "hooks", what)


def concerns(root: Path, timezone: str) -> Iterator[Finding]:
    """What a session must know before it relies on the hooks: the brief's share of `examine`."""
    if failure := canary.failure(canary.last(str(root))):
        yield Finding("broken", "guard", *failure)
    silent = dict(_silent(root))
    yield from silent.values()
    left = {mark["hook"]: mark for mark in marks.all(str(root)) if mark["hook"] not in (canary.HOOK, *silent)}
    began = left.get("session_start")
    for mark in left.values():
        # Those of an older session may be of an older version: only what answered since is a mixture.
        if began and mark["at"] > began["at"] and mark["version"] != began["version"]:
            yield _other_version(mark, began["version"])
        elif mark["outcome"].startswith("failed"):
            yield _failed(mark, timezone)
        elif _is_slow(mark):
            yield _slow(mark)


def answer(plugin: Path, rules: Path) -> str:
    """What the plugin's guard, started as the client starts it, answers to a forbidden edit: "" for a denial, else what
    it did instead. It is asked in a folder of its own, with a copy of the firm's rules, and leaves no mark here.
    """
    with tempfile.TemporaryDirectory(prefix="onefirm-") as folder:
        root = Path(folder).resolve()
        (root / ".onefirm").mkdir(mode=0o700)
        (root / "onefirm.yaml").touch()
        shutil.copyfile(rules, root / ".onefirm" / "guard.json")
        db.connect(str(root)).close()
        given = {"file_path": str(root / "context" / "canary.md"), "content": "# Canary\n\nRecord: P-1\n\nIt sings.\n"}
        event = {"session_id": "canary", "cwd": str(root), "tool_name": "Write", "tool_input": given}
        env = {**os.environ, "CLAUDE_PROJECT_DIR": str(root)}
        command = ["sh", str(plugin / "hooks" / "hook.sh"), "guard"]
        done = subprocess.run(
            command, input=json.dumps(event).encode(), env=env, capture_output=True, timeout=_WAIT_S, check=False
        )
    if b'"permissionDecision":"deny"' in done.stdout:
        return ""
    if done.returncode == 2:
        return f"refuses every edit: {done.stderr.decode('utf-8', 'replace').strip()}"
    return f"lets a forbidden edit pass (exit {done.returncode})"


def held(plugin: Path, rules: Path) -> Finding | None:
    """The finding where the plugin's guard doesn't deny as it should."""
    try:
        said = answer(plugin, rules)
    except subprocess.TimeoutExpired:
        said = f"didn't answer within {_WAIT_S} s"
    return Finding("broken", "guard", f"the hook {plugin / 'hooks' / 'hook.sh'} {said}", _INSTALL) if said else None


def _silent(root: Path) -> Iterator[tuple[str, Finding]]:
    try:
        missed = silence.missed(str(root))
    except (sqlite3.Error, db.Lost, ValueError):
        return  # session.db is told by others
    for name, session in missed:
        what = f"{_ALL_NAMES[name]} has not fired in {session}, which shows that it should have"
        yield name, Finding("broken", "hooks", what, _TURN_ON)


def _told(clock: Clock, mark: Mark, timezone: str) -> Finding:
    name, when = _ALL_NAMES.get(mark["hook"], mark["hook"].replace("_", " ")), local_time(mark["at"], timezone)
    if mark["hook"] == canary.HOOK and (failure := canary.failure(mark["outcome"])):
        return Finding("broken", "guard", *failure)
    if mark["version"] != __version__:
        return _other_version(mark, __version__)
    if clock.now() - parse_iso(mark["at"]) > _STALE:
        return Finding("warn", "hooks", f"{name} last ran {when}", "check that the plugin is enabled: /plugin")
    if mark["outcome"].startswith("failed"):
        return _failed(mark, timezone)
    if _is_slow(mark):
        return _slow(mark)
    return Finding("ok", "hooks", f"{name} ran {when} in {float(mark['ms']):.0f} ms: {mark['outcome']}")


def _other_version(mark: Mark, ours: str) -> Finding:
    said = f"{_ALL_NAMES.get(mark['hook'], mark['hook'])} runs version {mark['version']}, this is {ours}"
    return Finding("warn", "hooks", said, "restart Claude Code, then `claude plugin update onefirm`")


def _failed(mark: Mark, timezone: str) -> Finding:
    what = f"{_ALL_NAMES.get(mark['hook'], mark['hook'])} {mark['outcome']}, {local_time(mark['at'], timezone)}"
    return Finding("broken", "hooks", what, "a log in .onefirm/log/ says why; it runs again in the next session")


def _is_slow(mark: Mark) -> bool:
    return float(mark["ms"]) > BUDGET_MS.get(mark["hook"], float("inf"))


def _slow(mark: Mark) -> Finding:
    took = f"took {float(mark['ms']):,.0f} ms the last time, over its {BUDGET_MS[mark['hook']]:,}"
    fix = "name a plain interpreter in ONEFIRM_PYTHON, if python3 is a version manager's; else free the machine"
    return Finding("warn", "hooks", f"{_ALL_NAMES[mark['hook']]} {took}", fix)
