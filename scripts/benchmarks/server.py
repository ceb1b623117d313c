"""The MCP server beside the least one that the same SDK can make: its start, and calls over stdio on the demo firm."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import firms
from benchmarks.bench import PROJECT, Bench
from benchmarks.processes import PYTHON
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from benchmarks.wire import Wire

LAUNCHER = (str(PROJECT / "bin" / "onefirm"), "mcp")
"""What the plugin runs."""

_GET = Goal("ours", "at most", 3)
_WRITE = Goal("ours", "at most", 10)
_TOOL_USE_ID = "claudecode/toolUseId"


def measure(bench: Bench) -> Report:
    """Start, then read and write."""
    bench.tell("making the demo firm")
    root = firms.demo(bench.folder / "firm")
    bare = (*PYTHON, str(Path(__file__).with_name("bare_server.py")), str(bench.folder / "bare.db"))
    rows = [*_starts(bench, root, bare), *_calls(bench, root, bare)]
    notes = (
        "start: from spawning the process to having read the answer to server/discover, as the plugin starts it.",
        "reads: peer is a call of the bare server's tool; writes: that tool with one durable SQLite insert.",
        "bound: a hook has announced the call, so that it belongs to a session; its first look at a record leaves a "
        "receipt, which is a durable entry in the ledger.",
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


# -- calls -------------------------------------------------------------------------------------------------------------


def _calls(bench: Bench, root: Path, bare: tuple[str, ...]) -> Iterator[Row]:
    bench.tell("calling tools")
    rounds = 20 if bench.quick else 200
    with Wire(LAUNCHER, root, {"CLAUDE_PROJECT_DIR": str(root)}) as wire, Wire(bare, root) as plain:
        firm = _Firm(wire)

        def said() -> float:
            return plain.call("echo", {"text": "P-1"}).ms

        def kept() -> float:
            return plain.call("echo", {"text": "P-1", "keep": True}).ms

        reads: dict[str, tuple[Callable[[], float], Goal | None]] = {
            "record_get, unbound": (firm.get, _GET),
            "record_get, bound, seen before": (firm.get_again, _GET),
            "record_get, bound, first look": (firm.get_first, _GET),
            "record_find, 25 open tasks": (firm.find, None),
            "brief_get": (firm.brief, None),
            "session_bind": (firm.announce_only, None),
        }
        writes: dict[str, tuple[Callable[[], float], Goal | None]] = {
            "record_write, unbound": (firm.write, _WRITE),
            "record_write, bound": (firm.write_bound, _WRITE),
            "record_write of ten": (firm.write_ten, None),
        }
        yield from _beside(rounds, reads, said)
        yield from _beside(rounds, writes, kept)
        yield Row("memory after all these calls", "MB", *(Sample.of(_resident_mb(one.pid)) for one in (wire, plain)))


def _beside(
    rounds: int, calls: Mapping[str, tuple[Callable[[], float], Goal | None]], peer: Callable[[], float]
) -> Iterator[Row]:
    *ours, least = in_turn(rounds, [*(call for call, _ in calls.values()), peer], warm_up=3)
    for (what, (_, goal)), sample in zip(calls.items(), ours, strict=True):
        yield Row(what, "ms", sample, least, goal)


class _Firm:
    """The calls on our server, each in milliseconds; announcing a call, which a hook does, is not counted with it."""

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

    def get(self) -> float:
        return self._wire.call("record_get", {"refs": [next(self._next_task)]}).ms

    def get_again(self) -> float:
        return self._bound("client-again", "record_get", {"refs": [self._tasks[0]]})

    def get_first(self) -> float:
        client, ref = next(self._looks)
        return self._bound(client, "record_get", {"refs": [ref]})

    def write(self) -> float:
        return self._wire.call("record_write", self._changes(1)).ms

    def write_bound(self) -> float:
        return self._bound("client-again", "record_write", self._changes(1))

    def write_ten(self) -> float:
        return self._wire.call("record_write", self._changes(10)).ms

    def find(self) -> float:
        return self._wire.call("record_find", {"kind": "task", "where": {"open": True}, "limit": 25}).ms

    def brief(self) -> float:
        return self._wire.call("brief_get", {}).ms

    def announce_only(self) -> float:
        return self._announce("client-again")[1]

    def _changes(self, count: int) -> dict[str, Any]:
        news = {"waiting_on": f"answer {next(self._numbers)}"}  # never what the record says already
        refs = [next(self._next_task) for _ in range(count)]
        return {"changes": [{"op": "update", "ref": ref, "set": news} for ref in refs]}

    def _announce(self, client: str) -> tuple[str, float]:
        tool_use = f"toolu_{next(self._numbers):024}"
        answer = self._wire.call("session_bind", {"session_id": client, "tool_use_id": tool_use})
        return tool_use, answer.ms

    def _bound(self, client: str, tool: str, arguments: dict[str, Any]) -> float:
        tool_use, _ = self._announce(client)
        return self._wire.call(tool, arguments, {_TOOL_USE_ID: tool_use}).ms


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError("VmRSS")
