"""The MCP server beside the least one that the same SDK can make: its start, and calls over stdio on the demo firm."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import firms
from benchmarks.bench import PROJECT, Bench
from benchmarks.processes import PYTHON, run
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from benchmarks.wire import Answer, Wire

_PROGRAM = str(PROJECT / "bin" / "onefirm")
LAUNCHER = (_PROGRAM, "mcp")
"""What the plugin runs."""

_HELP = Goal("ours", "at most", 150)
_GET = Goal("ours", "at most", 3)
_WRITE = Goal("ours", "at most", 10)
_CLIENT = "client-again"
_TOOL_USE_ID = "claudecode/toolUseId"


def measure(bench: Bench) -> Report:
    """Start, then read and write."""
    bench.tell("making the demo firm")
    root = firms.demo(bench.folder / "firm")
    bare = (*PYTHON, str(Path(__file__).with_name("bare_server.py")), str(bench.folder / "bare.db"))
    rows = [*_starts(bench, root, bare), *_calls(bench, root, bare), _help(bench)]
    notes = (
        "start: from spawning the process to having read the answer to server/discover, as the plugin starts it.",
        "reads: peer is a call of the bare server's tool; writes: that tool with one durable SQLite insert.",
        "bound: a hook has announced the call, so that it belongs to a session; its first look at a record leaves a "
        "receipt, which is a durable entry in the ledger.",
        "onefirm --help: peer is `python -I -c pass`.",
    )
    return Report(
        "server", "the MCP server over stdio, on the demo firm", "a bare server on the same SDK", tuple(rows), notes
    )


# -- start -------------------------------------------------------------------------------------------------------------


def _starts(bench: Bench, root: Path, bare: tuple[str, ...]) -> Iterator[Row]:
    bench.tell("starting servers")
    ours, peer = _Starts(LAUNCHER, root), _Starts(bare, root)
    in_turn(3 if bench.quick else 15, [ours, peer])
    first = [one.sample("answered_ms") for one in (ours, peer)]
    yield Row("start to first answer", "ms", *first, Goal("ratio", "at most", 1.8))
    yield Row("start to the list of tools", "ms", *(one.sample("listed_ms") for one in (ours, peer)))
    yield Row("start, two answers and end, CPU", "ms", *(one.sample("cpu_ms") for one in (ours, peer)))


class _Starts:
    """Starts a server again and again and keeps three figures of each start, the warm-up's among them."""

    def __init__(self, command: tuple[str, ...], root: Path) -> None:
        self._command = command
        self._root = root
        self._taken: list[dict[str, float]] = []

    def __call__(self) -> float:
        with Wire(self._command, self._root, {"CLAUDE_PROJECT_DIR": str(self._root)}) as wire:
            answered_ms = wire.ask("server/discover").ended_at - wire.began_at
            listed_ms = wire.ask("tools/list").ended_at - wire.began_at
        self._taken.append({"answered_ms": answered_ms * 1000, "listed_ms": listed_ms * 1000, "cpu_ms": wire.cpu_ms})
        return answered_ms

    def sample(self, name: str) -> Sample:
        """A figure of every start but the first, which compiled what wasn't compiled yet."""
        return Sample(tuple(taken[name] for taken in self._taken[1:]))


def _help(bench: Bench) -> Row:
    ours, peer = in_turn(
        3 if bench.quick else 15,
        [lambda: run((_PROGRAM, "--help")).wall_ms, lambda: run((*PYTHON, "-c", "pass")).wall_ms],
    )
    return Row("onefirm --help", "ms", ours, peer, _HELP)


# -- calls -------------------------------------------------------------------------------------------------------------


def _calls(bench: Bench, root: Path, bare: tuple[str, ...]) -> Iterator[Row]:
    bench.tell("calling tools")
    rounds = 20 if bench.quick else 200
    with Wire(LAUNCHER, root, {"CLAUDE_PROJECT_DIR": str(root)}) as wire, Wire(bare, root) as plain:
        firm = _Firm(wire)

        yield from _beside(rounds, firm.reads(), _Call("echo", lambda: plain.call("echo", {"text": "P-1"})))
        kept = {"text": "P-1", "keep": True}
        yield from _beside(rounds, firm.writes(), _Call("echo", lambda: plain.call("echo", kept)))
        memory = [wire.resident_mb(), plain.resident_mb()]
    sizes = [None if size is None else Sample.of(size) for size in memory]
    yield Row("memory after all these calls", "MB", *sizes, why="" if sizes[0] else "this system doesn't tell it")


class _Call:
    """A call made again and again: milliseconds until its answer, the server's processor time kept beside them."""

    def __init__(self, what: str, make: Callable[[], Answer], goal: Goal | None = None) -> None:
        self.what = what
        self.goal = goal
        self._make = make
        self._cpu_ms: list[float] = []

    def __call__(self) -> float:
        answer = self._make()
        self._cpu_ms.append(answer.cpu_ms)
        return answer.ms

    def cpu(self, rounds: int) -> Sample:
        """The processor time of the last rounds."""
        return Sample(tuple(self._cpu_ms[-rounds:]))


def _beside(rounds: int, calls: Sequence[_Call], peer: _Call) -> Iterator[Row]:
    *ours, least = in_turn(rounds, [*calls, peer], warm_up=3)
    for call, sample in zip(calls, ours, strict=True):
        yield Row(call.what, "ms", sample, least, call.goal)
        if call.goal:
            yield Row("  processor time", "ms", call.cpu(rounds), peer.cpu(rounds))


class _Firm:
    """The calls on our server; announcing a call, which a hook does, is not counted with it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._numbers = itertools.count(1)
        found = [self._find(kind) for kind in ("task", "deliverable", "contact", "project")]
        self._tasks = found[0]
        # A record is looked at for the first time once by each session: enough sessions for any number of rounds.
        looks = ((f"client-{turn}", ref) for turn in itertools.count() for ref in itertools.chain(*found))
        self._looks: Iterator[tuple[str, str]] = looks
        self._next_task = itertools.cycle(self._tasks)

    def _find(self, kind: str) -> list[str]:
        table = self._read("record_find", {"kind": kind, "limit": 200})
        return [row[table["columns"].index("ref")] for row in table["rows"]]

    def _read(self, tool: str, arguments: dict[str, Any]) -> Any:
        return json.loads(self._wire.call(tool, arguments).result["content"][0]["text"])

    def reads(self) -> list[_Call]:
        """Calls that change nothing but the receipts."""
        listed = {"kind": "task", "where": {"open": True}, "limit": 25}
        return [
            _Call("record_get, unbound", self._get, _GET),
            _Call("record_get, bound, seen before", lambda: self._look(_CLIENT, self._tasks[0]), _GET),
            _Call("record_get, bound, first look", lambda: self._look(*next(self._looks)), _GET),
            _Call("record_find, 25 open tasks", lambda: self._wire.call("record_find", listed)),
            _Call("brief_get", lambda: self._wire.call("brief_get", {})),
            _Call("session_bind", lambda: self._announce(_CLIENT)[1]),
        ]

    def writes(self) -> list[_Call]:
        """Calls that change tasks."""
        return [
            _Call("record_write, unbound", lambda: self._wire.call("record_write", self._changes(1)), _WRITE),
            _Call("record_write, bound", lambda: self._bound(_CLIENT, "record_write", self._changes(1)), _WRITE),
            _Call("record_write of ten", lambda: self._wire.call("record_write", self._changes(10))),
        ]

    def _get(self) -> Answer:
        return self._wire.call("record_get", {"refs": [next(self._next_task)]})

    def _look(self, client: str, ref: str) -> Answer:
        return self._bound(client, "record_get", {"refs": [ref]})

    def _changes(self, count: int) -> dict[str, Any]:
        news = {"waiting_on": f"answer {next(self._numbers)}"}  # never what the record says already
        refs = [next(self._next_task) for _ in range(count)]
        return {"changes": [{"op": "update", "ref": ref, "set": news} for ref in refs]}

    def _announce(self, client: str) -> tuple[str, Answer]:
        tool_use = f"toolu_{next(self._numbers):024}"
        return tool_use, self._wire.call("session_bind", {"session_id": client, "tool_use_id": tool_use})

    def _bound(self, client: str, tool: str, arguments: dict[str, Any]) -> Answer:
        tool_use, _ = self._announce(client)
        return self._wire.call(tool, arguments, {_TOOL_USE_ID: tool_use})
