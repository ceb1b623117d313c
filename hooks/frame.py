"""What all hooks share: reading the event, printing the answer, leaving the mark, failing (`fail_modes`)."""

from __future__ import annotations

# Without its Python half, which imports enum: the guard has few milliseconds.
import _signal
import os
import sys
import time

from hooks import fail_modes, once
from onefirm.sessions import jsons, marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Claude Code ends the guard after 10 s and lets the edit happen: what must refuse when it fails does so before.
DEADLINE_S = 7.0


class Late(Exception):
    """The deadline came first."""


class Malformed(Exception):
    """What came on standard input is no hook event."""


def main(event: str, root: str) -> int:
    """Runs one hook and gives its exit code. The module of the event's name answers (outcome, output or None)."""
    began = time.perf_counter()
    try:
        _arm(_deadline() if fail_modes.HOOKS.get(event) == fail_modes.CLOSED else 0)
        payload = _payload()
        outcome, output = _module(event).run(payload, root)
        code, text = 0, jsons.dumps(output) if output else ""
        _arm(0)
    except Exception as error:  # the last handler: what a failure means is a table, not a traceback
        _arm(0)
        outcome, (code, text) = f"failed: {type(error).__name__}", _failed(event, root, error)
    _print(text, code)
    _mark(event, root, outcome, (time.perf_counter() - began) * 1000)
    return code


def _arm(seconds: float) -> None:
    """Raises Late in so many seconds; 0 calls it off."""
    if seconds:
        _signal.signal(_signal.SIGALRM, _late)
    _signal.setitimer(_signal.ITIMER_REAL, seconds)


def _late(*_: object) -> None:
    raise Late(f"it was not done within {_deadline():g} s")


def _deadline() -> float:
    try:
        # Never longer than ours: a variable of the environment must not switch the guard off.
        return min(DEADLINE_S, max(0.001, float(os.environ.get("ONEFIRM_HOOK_DEADLINE_S", DEADLINE_S))))
    except ValueError:
        return DEADLINE_S


def _payload() -> dict[str, Any]:
    try:
        payload = jsons.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
    except ValueError as error:
        raise Malformed("the event on standard input is no JSON") from error
    if not isinstance(payload, dict):
        raise Malformed("the event on standard input is no JSON object")
    return payload


def _module(event: str) -> Any:
    if event not in fail_modes.HOOKS:
        raise Malformed(f"there is no hook {event}")
    return getattr(__import__("hooks." + event), event)


def _failed(event: str, root: str, error: Exception) -> tuple[int, str]:
    _log(event, root)
    closed = fail_modes.HOOKS.get(event) == fail_modes.CLOSED and (event != "stop" or once.first(root))
    return fail_modes.answer(event, f"{error}" or type(error).__name__, closed)


def _print(text: str, code: int) -> None:
    stream = sys.stderr if code else sys.stdout
    try:
        if text:
            stream.write(text + "\n")
        stream.flush()
    except OSError:
        # Nobody reads any more: the client has gone on, and there is nothing left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _mark(event: str, root: str, outcome: str, ms: float) -> None:
    import onefirm

    marks.leave(root, event, outcome, ms, onefirm.__version__)


def _log(event: str, root: str) -> None:
    import traceback

    entry = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {event}\n{traceback.format_exc()}\n"
    try:
        os.makedirs(root + "/.onefirm/log", mode=0o700, exist_ok=True)
        handle = os.open(root + "/.onefirm/log/hooks.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(handle, entry.encode("utf-8", "replace"))
        os.close(handle)
    except OSError:
        return
