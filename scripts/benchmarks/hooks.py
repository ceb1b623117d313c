"""What the hooks add to every tool call: as whole processes, on the JSON that Claude Code sends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import context, firms
from benchmarks.bench import PROJECT, Bench
from benchmarks.processes import Failed, run
from benchmarks.rows import Goal, NotMeasured, Report, Row
from benchmarks.samples import Sample, in_turn
from hooks import canary
from onefirm import bootstrap
from onefirm.core.attribution import By
from onefirm.narrative import tree
from onefirm.sessions import enforced, identity, walls

HOOK = str(PROJECT / "hooks" / "hook.sh")
_LOOKED = "5b2a7c1e-0d5f-4f57-9a53-2f0c8e1d4b6a"
_STRANGER = "0c9d1f5e-7e1b-4a0c-8f4e-6a3b2c1d0e9f"
_RULES = 10
_REASON = "The steering group wants the numbers first, because the last talk began with the pictures.\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A hook and the event that it gets. `says` must be in its answer; empty: the answer must be silence."""

    what: str
    hook: str
    event: Mapping[str, Any]
    says: str = ""

    def check(self, code: int, said: str) -> None:
        """Raise Failed for another answer than the one that is to be measured."""
        if code or self.says not in said or (said.strip() and not self.says):
            raise Failed(f"{self.what}: exit {code}, said “{said.strip()[:300]}”")


def measure(bench: Bench) -> Report:
    """The guard outside of a workspace and inside; the other hooks for what they cost."""
    rounds = 8 if bench.quick else 40
    elsewhere = bench.folder / "elsewhere" / "shop" / "src" / "pages"
    elsewhere.mkdir(parents=True)
    bench.tell("making the demo firm")
    root = firms.demo(bench.folder / "firm")
    python = _python()
    bench.tell("running hooks")
    rows = [*_outside(elsewhere, rounds), *_inside(root, python, rounds), *_enforced(root, python, rounds)]
    rows += _start(root, python, rounds)
    rows += _behind(bench, python, rounds)
    notes = (
        "outside: peer is `sh -c :`. Inside: peer is `python3 -S -E -c pass` of the interpreter that the hook runs on.",
        "wall, where none stands: peer is `sh -c :` too. session_start waits for the core, which makes the brief.",
        "session_end is not here: it leaves the work to another process.",
    )
    return Report("hooks", "what a hook adds to a tool call", "the least such process", tuple(rows), notes)


def _outside(folder: Path, rounds: int) -> Iterator[Row]:
    (folder / "cart.py").write_text("total = 0\n", encoding="utf-8")
    event = _edit(folder, folder / "cart.py", "total = 0", "total = 1")
    hook = _hook(Case("the guard", "guard", event), folder)
    least = _Timed(("sh", "-c", ":"), folder, event)
    ours, peer = in_turn(rounds, [hook, least], warm_up=2)
    yield Row("guard, outside a workspace", "ms", ours, peer, Goal("excess", "at most", 3))
    yield Row("  processor time", "ms", hook.cpu(rounds), least.cpu(rounds))


def _inside(root: Path, python: str, rounds: int) -> Iterator[Row]:
    cases = _cases(root, python)
    hooks = [_hook(case, root, python) for case in cases]
    least = _Timed((python, "-S", "-E", "-c", "pass"), root, {})
    *taken, peer = in_turn(rounds, [*hooks, least], warm_up=2)
    for case, hook, ours in zip(cases, hooks, taken, strict=True):
        guards = case.hook == "guard"
        yield Row(case.what, "ms", ours, peer, Goal("ratio", "at most", 4) if guards else None)
        if guards:
            yield Row("  processor time", "ms", hook.cpu(rounds), least.cpu(rounds))


def _enforced(root: Path, python: str, rounds: int) -> Iterator[Row]:
    """What ten enforced rules add to an edit that meets none of them."""
    event = _edit(root, root / "notes.txt", "total = 0", "total = 1")
    free, file = _hook(Case("the guard", "guard", event), root, python), root / enforced.FILE
    rule = {"rule": "Ask first.", "why": "It was dear.", "instead": "", "asks": False, "commands": []}
    rules = [{"ref": f"L-{n}", "paths": [f"site/{n}/*"], "words": ["lorem ipsum"], **rule} for n in range(_RULES)]

    def held() -> float:
        file.write_text(json.dumps({"version": enforced.VERSION, "rules": rules}), encoding="utf-8")
        try:
            return free()
        finally:
            file.unlink()

    ours, peer = in_turn(rounds, [held, free], warm_up=2)
    yield Row(f"guard, {_RULES} rules enforced that hold elsewhere", "ms", ours, peer)


def _start(root: Path, python: str, rounds: int) -> Iterator[Row]:
    """A session's start with its brief, and the canary by itself."""
    # the core needs its packages, which the interpreter of the other hooks may lack: it would answer with an old brief
    start = _hook(
        Case("session_start", "session_start", _started(root), '"additionalContext":"# '), root, sys.executable
    )
    ours, peer = in_turn(rounds // 4, [start, _Timed((python, "-S", "-E", "-c", "pass"), root, {})], warm_up=1)
    yield Row("session_start, with brief and canary", "ms", ours, peer, Goal("ours", "at most", 2_000))
    sung = Sample(tuple(_sung(root) for _ in range(rounds)))
    yield Row("  the canary, processor time", "ms", sung, None, Goal("ours", "at most", 20))


def _sung(root: Path) -> float:
    began = time.process_time()
    if said := canary.sing(str(root), ""):
        raise Failed(f"the canary: {said}")
    return (time.process_time() - began) * 1000


def _behind(bench: Bench, python: str, rounds: int) -> Iterator[Row]:
    """The client wall, on a large tree: where none stands, and in a session that is declared."""
    size = 100 if bench.quick else 2_000
    bench.tell(f"growing a tree of {size:,} files")
    root = context.tree(bench.folder / "walled", size)
    _hook(Case("session_start", "session_start", _started(root), "SessionStart"), root, python)()
    own, other = sorted((root / "context" / "clients").rglob("cl-*/CLAUDE.md"))[:2]
    bench.tell("running hooks behind a wall")
    nothing, least = _Timed(("sh", "-c", ":"), root, {}), _Timed((python, "-S", "-E", "-c", "pass"), root, {})
    free = _hook(Case("wall", "wall", _call(root, "Read", file_path=str(other))), root, python)
    ours, peer = in_turn(rounds, [free, nothing], warm_up=2)
    yield Row("wall, where none stands", "ms", ours, peer, Goal("excess", "at most", 3))
    walls.put(str(root), _LOOKED, own.parent.name.upper(), "A client", ("CL", "PR"))
    cases = [
        Case("wall, a file of the client", "wall", _call(root, "Read", file_path=str(own))),
        Case("wall, another client's, denied", "wall", _call(root, "Read", file_path=str(other)), '"deny"'),
        Case("wall, a command", "wall", _call(root, "Bash", command="git status && pytest test")),
        Case(f"wall, a search among {size:,} files", "wall", _call(root, "Grep", pattern="x", path=str(own.parent))),
        Case(f"wall, a search of {size:,} files, denied", "wall", _call(root, "Grep", pattern="x"), '"deny"'),
    ]
    *taken, peer = in_turn(rounds, [*(_hook(case, root, python) for case in cases), least], warm_up=2)
    for case, ours in zip(cases, taken, strict=True):
        is_search = "search" in case.what
        goal = Goal("ours", "at most", 500) if is_search else Goal("ratio", "at most", 4)
        yield Row(case.what, "ms", ours, peer, goal)


def _hook(case: Case, cwd: Path, python: str = "python3") -> _Timed:
    return _Timed(("sh", HOOK, case.hook), cwd, case.event, python, case)


class _Timed:
    """A program run again and again on one event: milliseconds of wall time, its processor time kept beside them."""

    def __init__(
        self,
        command: tuple[str, ...],
        cwd: Path,
        event: Mapping[str, Any],
        python: str = "python3",
        case: Case | None = None,
    ) -> None:
        self._command = command
        self._cwd = cwd
        self._sent = json.dumps(event).encode()
        client = {"CLAUDE_PROJECT_DIR": str(cwd), "CLAUDE_PID": str(os.getpid()), "ONEFIRM_PYTHON": python}
        self._env = {**os.environ, **client}
        self._case = case
        self._cpu_ms: list[float] = []

    def __call__(self) -> float:
        done = run(self._command, stdin=self._sent, cwd=self._cwd, env=self._env)
        if self._case:
            self._case.check(done.code, done.out.decode())
        self._cpu_ms.append(done.cpu_ms)
        return done.wall_ms

    def cpu(self, rounds: int) -> Sample:
        """The processor time of the last rounds."""
        return Sample(tuple(self._cpu_ms[-rounds:]))


# -- events ------------------------------------------------------------------------------------------------------------


def _cases(root: Path, python: str) -> list[Case]:
    """Every hook of a tool call and of a turn's end, on the narrative of a project that one session has looked at."""
    started = Case("session_start", "session_start", _started(root), "SessionStart")
    _hook(started, root, python)()
    path = _narrative(root)
    (root / "notes.txt").write_text("total = 0\n", encoding="utf-8")
    plain = _edit(root, root / "notes.txt", "total = 0", "total = 1")
    narrative = _edit(root, path, "", _REASON)
    command = _event(root, "PreToolUse", tool_name="Bash", tool_input={"command": "ls context"}, tool_use_id="toolu_02")
    ran = {**command, "hook_event_name": "PostToolUse", "tool_response": {"stdout": "", "stderr": ""}}
    edited = {**narrative, "hook_event_name": "PostToolUse", "tool_response": {"filePath": str(path)}}
    read = _event(root, "PostToolUse", tool_name="Read", tool_input={"file_path": str(path)}, tool_use_id="toolu_03")
    plain_read = {**read, "tool_input": {"file_path": str(root / "notes.txt")}}
    _Timed(("sh", HOOK, "post_tool_use"), root, read, python)()  # what is told once is told before anything is measured
    return [
        Case("prompt, nothing moved", "prompt", _event(root, "UserPromptSubmit", prompt="How is it going?")),
        Case("guard, a file that isn't narrative", "guard", plain),
        Case("guard, narrative, denied", "guard", {**narrative, "session_id": _STRANGER}, '"deny"'),
        Case("guard, narrative, passed", "guard", narrative),
        Case("post_tool_use, after an edit", "post_tool_use", edited),
        Case("post_tool_use, after a read, no record above", "post_tool_use", plain_read),
        Case("post_tool_use, after a read, state known", "post_tool_use", read),
        Case("before_command", "before_command", command),
        Case("post_tool_use, after a command", "post_tool_use", ran),
        Case("pre_compact", "pre_compact", _event(root, "PreCompact", trigger="auto")),
        Case("stop", "stop", _event(root, "Stop", stop_hook_active=False)),
    ]


def _narrative(root: Path) -> Path:
    """A file that belongs to one project, which the session has just looked at."""
    with bootstrap.open_firm(root) as firm:
        file = next(file for file in tree.read(root) if len(file.refs) == 1 and file.refs[0].startswith("P-"))
        firm.records.get(file.refs[0], By("claude", identity.bind(str(root), _LOOKED)))
    return root / file.path


def _edit(cwd: Path, path: Path, old: str, new: str) -> dict[str, Any]:
    """An edit; with nothing old, the new text goes to the end of the file."""
    text = path.read_text(encoding="utf-8")
    last = text.rstrip().rpartition("\n")[2]
    given = {"file_path": str(path), "old_string": old or last, "new_string": new if old else f"{last}\n\n{new}"}
    return _event(
        cwd, "PreToolUse", tool_name="Edit", tool_input={**given, "replace_all": False}, tool_use_id="toolu_01"
    )


def _started(root: Path) -> dict[str, Any]:
    return _event(root, "SessionStart", source="startup")


def _call(root: Path, tool: str, **given: Any) -> dict[str, Any]:
    return _event(root, "PreToolUse", tool_name=tool, tool_input=given, tool_use_id="toolu_04")


def _event(cwd: Path, name: str, **more: Any) -> dict[str, Any]:
    common = {"session_id": _LOOKED, "transcript_path": str(cwd / "transcript.jsonl"), "cwd": str(cwd)}
    return {**common, "permission_mode": "default", "hook_event_name": name, **more}


def _python() -> str:
    """The interpreter behind `python3`: a version manager's wrapper in front of it would hide what a hook costs."""
    code = "import sys; print(sys.executable)"
    try:
        found = subprocess.run(["python3", "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasured("there is no python3 on PATH") from error
    return found.stdout.strip()
