"""How a run ends: the one table from errors to exit codes, and the log that a bug leaves.

0    done
1    refused or impossible, with a sentence and what to do next
2    the command line was wrong
3    a bug of ours; a log ready to paste was written, and its path told
130  interrupted
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from onefirm.cli import screen
from onefirm.cli.hints import in_commands
from onefirm.cli.invocation import Invocation
from onefirm.core.errors import FirmError

_COMPLETE = "_ONEFIRM_COMPLETE"
DONE, REFUSED, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
_ENVIRONMENT = {
    errno.ENOSPC: "Free some space, then repeat the command.",
    errno.EDQUOT: "Free some space, then repeat the command.",
    errno.EACCES: "Check its permissions, then repeat the command.",
    errno.EPERM: "Check its permissions, then repeat the command.",
    errno.EROFS: "The disk is read-only: make it writable, then repeat the command.",
    errno.EIO: "The disk refuses: check its health, then repeat the command.",
    errno.EMFILE: "Too many files are open: close other programs, then repeat the command.",
}


def run(arguments: Sequence[str]) -> int:
    """Run one command line to its exit code; nothing is raised."""
    invocation = Invocation()
    try:
        answer = _answer(list(arguments), invocation)
        sys.stdout.flush()
        return answer if isinstance(answer, int) else DONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where every failure is translated
        return _ended(error, arguments, invocation)
    finally:
        invocation.close()
        _let_go()


def _answer(arguments: list[str], invocation: Invocation) -> Any:
    """What the command returns. Not by click's own `main`, which ends a run whose reader left as a failure."""
    from onefirm.cli.commands import onefirm

    if completing := os.environ.get(_COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(onefirm, {"obj": invocation}, "onefirm", _COMPLETE, completing)
    try:
        with onefirm.make_context("onefirm", arguments, obj=invocation) as context:
            return onefirm.invoke(context)
    except click.exceptions.Exit as left:
        return left.exit_code


def _ended(error: BaseException, arguments: Sequence[str], invocation: Invocation) -> int:
    for kind, end in _ENDS:
        if isinstance(error, kind) and (code := end(error)) is not None:
            return code
    return _bug(error, arguments, invocation)


def _interrupted(error: BaseException) -> int:
    said = str(error) if isinstance(error, KeyboardInterrupt) else ""
    screen.say(f"\nInterrupted; {said or 'what was done so far is kept'}.")
    return INTERRUPTED


def _reader_left(_error: Any) -> int:
    return DONE  # `onefirm ledger log | head` is served


def _let_go() -> None:
    """Drop output that has nowhere to go: Python would try again at exit, and end with a code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _aborted(error: BaseException) -> int:
    if not isinstance(error if isinstance(error, EOFError) else error.__context__, EOFError):
        return _interrupted(error)
    screen.refuse(
        "Standard input ended before the answer; nothing was done.",
        "Answer in a terminal, or give `--yes` where the command has it.",
    )
    return REFUSED


def _usage(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        screen.say(error.format_message())
        return USAGE
    if error.ctx is not None:
        screen.say(f"{error.ctx.get_usage()}\nTry `{error.ctx.command_path} --help`.\n")
    screen.say(f"onefirm: {error.format_message()}")
    return USAGE


def _click(error: click.ClickException) -> int:
    screen.say(f"onefirm: {error.format_message()}")
    return REFUSED


def _firm(error: FirmError) -> int:
    screen.refuse(error.message, in_commands(error.hint))
    return REFUSED


def _disk(error: OSError) -> int | None:
    hint = _ENVIRONMENT.get(error.errno or 0)
    if hint is None:
        return None
    screen.refuse(f"{error.filename or 'Output or disk'}: {error.strerror}.", hint)
    return REFUSED


def _package(error: ModuleNotFoundError) -> int | None:
    name = (error.name or "").partition(".")[0]
    if name in ("onefirm", "mcp_server"):
        return None
    screen.refuse(
        f"This environment ({sys.prefix}) lacks the package {name}.",
        "Install onefirm's packages again: `uv sync`, or remove it.",
    )
    return REFUSED


_ENDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[Any], int | None]], ...] = (
    (KeyboardInterrupt, _interrupted),
    ((EOFError, click.Abort), _aborted),
    (BrokenPipeError, _reader_left),
    (click.UsageError, _usage),
    (click.ClickException, _click),
    (FirmError, _firm),
    (OSError, _disk),
    (ModuleNotFoundError, _package),
)


def _bug(error: BaseException, arguments: Sequence[str], invocation: Invocation) -> int:
    from onefirm.cli.bug import write_log

    log = write_log(error, arguments, invocation.start)
    screen.refuse(f"This is a bug of onefirm: {type(error).__name__}: {error}", f"A log that is ready to paste: {log}")
    return BUG
