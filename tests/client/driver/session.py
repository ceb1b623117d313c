"""One client process and its fake model, from start to end."""

import itertools
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from client.driver import processes
from client.driver.host import Host
from client.driver.model import FakeModel
from client.driver.run import Event, Run, results_of
from client.driver.turns import Turn

if TYPE_CHECKING:
    from client.driver.asked import ToolResult
    from client.driver.lab import Lab

TIMEOUT_S = 90.0
"""How long anything may take here; a quiet machine needs one or two seconds."""


class ClientEnded(Exception):
    """The client ended while a test waited for it to say something."""


class ScriptMismatch(Exception):
    """The client asked for more or fewer turns than the script has: the test's idea of the run is wrong."""


class Session:
    """A client process. Without `prompt` it is a conversation over stdin; with one, a single `claude -p PROMPT`.

    | option | |
    |---|---|
    | plugins | folders for --plugin-dir |
    | args | further arguments |
    | env | added to the lab's environment; ANTHROPIC_BASE_URL puts another model in the place of the scripted one |
    | cwd | where it runs; the lab's project by default |
    | host | answers permission prompts and forms; None is plain -p |
    | permission_mode | `acceptEdits` lets edits through without a prompt and keeps the rest real |
    | allow | permission rules for --allowedTools: `mcp__plugin_onefirm_firm` allows that whole server |
    | resume, fork | go on with a session id; fork gives it a new one |
    | agents | scripts of subagents: a part of the subagent's task, and its turns |
    | strict | raise ScriptMismatch at the end when the script did not fit |
    """

    def __init__(
        self,
        lab: "Lab",
        script: Iterable[Turn] = (),
        *,
        prompt: str | None = None,
        plugins: Iterable[Path] = (),
        args: Iterable[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        host: Host | None = None,
        permission_mode: str = "acceptEdits",
        allow: Iterable[str] = (),
        resume: str | None = None,
        fork: bool = False,
        agents: Mapping[str, Iterable[Turn]] | None = None,
        strict: bool = True,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._lab, self._prompt, self._host = lab, prompt, host
        self._strict, self._timeout_s = strict, timeout_s
        self._env, self._cwd = dict(env or {}), cwd or lab.project
        self.model = FakeModel(script, agents)
        self._log = lab.root / f"debug-{time.monotonic_ns()}.log"
        self._command = [
            *(str(lab.claude), "-p", "--output-format", "stream-json", "--verbose", "--include-hook-events"),
            *("--debug-file", str(self._log), "--permission-mode", permission_mode),
            *(part for folder in plugins for part in ("--plugin-dir", str(folder))),
            *(part for rule in allow for part in ("--allowedTools", rule)),
            *(("--resume", resume) if resume else ()),
            *(("--fork-session",) if fork else ()),
            *(("--input-format", "stream-json") if prompt is None else ()),
            *(("--permission-prompt-tool", "stdio") if host is not None else ()),
            *args,
            *(("--", prompt) if prompt is not None else ()),
        ]
        self.events: list[Event] = []
        self._stderr: list[str] = []
        self._news = threading.Condition()
        self._ids = itertools.count(1)
        self._ended: Run | None = None

    # -- start and end ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._host is not None and self._prompt is not None:
            raise ValueError("a host answers over stdin, which -p PROMPT does not read: use lab.session()")
        self.model.__enter__()
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._lab.env(**{"ANTHROPIC_BASE_URL": self.model.url, **self._env}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a group of its own, so that killing it reaches nothing else
        )
        self._readers = [threading.Thread(target=work, daemon=True) for work in (self._read_events, self._read_stderr)]
        for reader in self._readers:
            reader.start()
        if self._host is not None:
            self.control("initialize")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._strict = False  # the test has failed already, and says more
            processes.end_group(self._process.pid)
        self.finish()

    def finish(self) -> Run:
        """Close stdin as a person leaving does, wait for the end (SessionEnd hooks included) and gather what happened.

        Raises ScriptMismatch, and TimeoutError when the client does not end.
        """
        if self._ended is None:
            timed_out = self._wait_for_end()
            self._ended = self._gather()
            if timed_out:
                raise TimeoutError(f"the client did not end in {self._timeout_s} s: {self._ended.stderr[-500:]}")
            if self._strict:
                _hold_to_script(self._ended)
        return self._ended

    def kill(self, how: signal.Signals = signal.SIGKILL) -> Run:
        """End the client by a signal to it alone; the script may be unfinished then.

        After SIGKILL no hook runs, and its MCP servers see the end of their stdin. After SIGTERM, SIGINT and SIGHUP the
        SessionEnd hooks run.
        """
        self._strict = False
        processes.end(self._process.pid, how)
        return self.finish()

    @property
    def run(self) -> Run:
        """What the whole process did, once it has ended."""
        if self._ended is None:
            raise RuntimeError("the client still runs: look at the run after finish(), kill() or the with block")
        return self._ended

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait_for_end(self) -> bool:
        _close(self._process.stdin)
        try:
            self._process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            processes.end_group(self._process.pid)
            self._process.wait()
            return True
        return False

    def _gather(self) -> Run:
        wall_s = time.monotonic() - self._began
        for reader in self._readers:
            reader.join(self._timeout_s)  # a server of a killed client may hold the pipes a moment longer
        _close(self._process.stdout)
        _close(self._process.stderr)
        self.model.__exit__()
        return Run(
            returncode=self._process.returncode,
            wall_s=wall_s,
            stderr="".join(self._stderr),
            events=tuple(self.events),
            asked=tuple(self.model.asked),
            beyond=tuple(self.model.beyond),
            unused=self.model.unused,
            debug=self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else "",
        )

    # -- talking ----------------------------------------------------------------------------------------------------

    def ask(self, prompt: str, *script: Turn) -> Event:
        """Send a prompt, with the turns that answer it, and wait for the client's `result` event.

        Prompts sent without waiting would be merged into one turn.
        """
        self.model.add(script)
        start = len(self.events)
        self._send({"type": "user", "message": {"role": "user", "content": prompt}})
        return self.wait(lambda e: e.get("type") == "result", start)

    def clear(self) -> str:
        """`/clear`; the new session id."""
        return str(self.ask("/clear")["session_id"])

    def compact(self) -> Event:
        """`/compact`; the event that marks where the summary took over."""
        start = len(self.events)
        self.ask("/compact")
        return self.wait(lambda e: e.get("subtype") == "compact_boundary", start)

    def control(self, subtype: str, **request: Any) -> Mapping[str, Any]:
        """A control request of a host, such as control("set_model", model="sonnet"); the client's response."""
        wanted, start = f"host-{next(self._ids)}", len(self.events)
        self._send({"type": "control_request", "request_id": wanted, "request": {"subtype": subtype, **request}})
        answer = self.wait(lambda e: _answers(e, wanted), start)
        response: Mapping[str, Any] = answer["response"]
        return response

    def interrupt(self) -> None:
        """What Escape does: the running turn stops, the session lives on."""
        self.control("interrupt")

    @property
    def results(self) -> "tuple[ToolResult, ...]":
        """The tool results of the operator's conversation so far."""
        return results_of([a for a in self.model.asked if a.lane == "main"])

    def wait(self, test: Callable[[Event], bool], start: int = 0) -> Event:
        """The first event from index `start` on that passes the test.

        Raises ClientEnded, and TimeoutError after the session's timeout.
        """
        end = time.monotonic() + self._timeout_s
        seen = start
        with self._news:
            while True:
                for event in self.events[seen:]:
                    if test(event):
                        return event
                seen = len(self.events)
                self._check_alive(end)
                self._news.wait(0.2)

    def wait_for_request(self, count: int, lane: str = "main") -> None:
        """Until the model was asked `count` times in a lane: the moment at which a held turn is waiting."""
        end = time.monotonic() + self._timeout_s
        while sum(a.lane == lane for a in self.model.asked) < count:
            self._check_alive(end)
            time.sleep(0.01)

    def _check_alive(self, end: float) -> None:
        if self._process.poll() is not None and not self._readers[0].is_alive():
            raise ClientEnded(f"the client ended ({self._process.returncode}): {''.join(self._stderr)[-500:]}")
        if time.monotonic() > end:
            raise TimeoutError(f"the client did not do so within {self._timeout_s} s")

    # -- the pipes --------------------------------------------------------------------------------------------------

    def _send(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = _event(line)
            with self._news:
                self.events.append(event)
                self._news.notify_all()
            if event.get("type") == "control_request":
                self._answer(event)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        self._stderr.extend(self._process.stderr)

    def _answer(self, event: Event) -> None:
        answer = self._host.answer(event["request"]) if self._host is not None else None
        if answer is not None:
            response = {"subtype": "success", "request_id": event["request_id"], "response": dict(answer.body)}
            self._send({"type": "control_response", "response": response})


def _answers(event: Event, request_id: str) -> bool:
    return event.get("type") == "control_response" and event["response"].get("request_id") == request_id


def _event(line: str) -> Event:
    try:
        event: Event = json.loads(line)
    except ValueError:
        return {"type": "text", "text": line.rstrip("\n")}
    return event


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # the other end is gone, which is what closing was for
        return


def _hold_to_script(run: Run) -> None:
    if run.unused or run.beyond:
        raise ScriptMismatch(
            f"scripted turns not asked for: {dict(run.unused)}; requests without a turn: {_described(run.beyond)}; "
            f"exit {run.returncode}; {run.stderr[-500:]}"
        )


def _described(asked: Sequence[Any]) -> list[str]:
    return [f"{a.lane}: ...{a.said[-1].text[-160:]!r}" if a.said else a.lane for a in asked]
