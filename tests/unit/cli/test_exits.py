"""Errors become exit codes and sentences, in one place."""

import errno
import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from onefirm.cli import commands, exits
from onefirm.core.errors import NotFound
from support.terminal import PROJECT, Terminal, environment


def failing(error: BaseException) -> click.Command:
    @click.command("fail")
    @click.argument("words", nargs=-1)
    def fail(words: tuple[str, ...]) -> None:
        """Fail."""
        raise error

    return fail


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def run_into(error: BaseException, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, *words: str) -> exits.Any:
    monkeypatch.setattr(commands.LazyGroup, "get_command", lambda *_: failing(error))
    monkeypatch.setitem(commands.COMMANDS, "fail", "")
    return terminal("fail", *words)


def test_a_refusal_says_what_to_do_next(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run_into(NotFound("There is no T-9.", hint="Run this."), terminal, monkeypatch)
    assert (answer.code, answer.out) == (exits.REFUSED, "")
    assert answer.err == "onefirm: There is no T-9.\n  → Run this.\n"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_refuses_is_no_bug(code: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run_into(OSError(code, os.strerror(code), "/somewhere/file"), terminal, monkeypatch)
    assert answer.code == exits.REFUSED
    assert "/somewhere/file" in answer.err
    assert "→" in answer.err


def test_a_missing_package_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run_into(ModuleNotFoundError("no", name="sqlalchemy.orm"), terminal, monkeypatch)
    assert answer.code == exits.REFUSED
    assert "lacks the package sqlalchemy" in answer.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_has_its_own_code(
    error: BaseException, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_into(error, terminal, monkeypatch).code == exits.INTERRUPTED


def test_a_bug_leaves_a_log_to_paste_without_the_firms_words(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = run_into(KeyError("oops"), terminal, monkeypatch, "title=Acme pays late", "Acme is broke", "T-4")
    assert answer.code == exits.BUG
    assert "KeyError" in answer.err
    log = Path(answer.err.rpartition(": ")[2].strip())
    text = log.read_text()
    log.unlink()
    assert "Traceback" in text
    assert "fail title=… … T-4" in text
    assert "Acme" not in text


def test_a_bug_in_a_workspace_is_logged_there_for_its_owner_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (terminal.root / "onefirm.yaml").touch()
    (terminal.root / ".onefirm").mkdir()
    run_into(KeyError("oops"), terminal, monkeypatch)
    (log,) = (terminal.root / ".onefirm" / "log").iterdir()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["recrod"], "Did you mean `onefirm record`?"),
        (["record", "fnd"], "Did you mean `onefirm record find`?"),
        (["brief", "--explian", "1"], "Did you mean '--explain'?"),
        (["record", "get"], "Missing argument 'REF'"),
        (["guard", "off", "--for", "3 weeks", "--why", "x"], "write 30m or 2h"),
    ],
)
def test_a_wrong_command_line_says_what_was_meant(words: list[str], said: str, terminal: Terminal) -> None:
    answer = terminal(*words)
    assert (answer.code, answer.out) == (exits.USAGE, "")
    assert said in answer.err
    assert "--help" in answer.err


def test_a_folder_that_is_not_there_is_a_wrong_command_line(tmp_path: Path) -> None:
    assert Terminal(tmp_path / "none")("brief").code == exits.USAGE


def test_a_reader_that_leaves_is_no_error() -> None:
    # 200 pages of help into a pipe whose reader takes one line
    code = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
        "import click\nfrom onefirm.cli import commands, exits\n"
        "@click.command()\ndef flood():\n    for n in range(100_000): print('line', n)\n"
        "commands.LazyGroup.get_command = lambda *_: flood\n"
        "commands.COMMANDS['flood'] = ''\n"
        "sys.exit(exits.run(['flood']))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout
    assert child.stderr
    assert child.stdout.readline() == b"line 0\n"
    child.stdout.close()
    with child.stderr:
        assert child.stderr.read() == b""
    assert child.wait(30) == exits.DONE


def test_an_interrupted_command_ends_as_one(tmp_path: Path) -> None:
    (tmp_path / "onefirm.yaml").touch()
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [PROJECT / "bin" / "onefirm", "-C", tmp_path, "secret", "set", "database"],
        env=environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stderr
    assert child.stderr.read(5) == b"Value"
    child.send_signal(signal.SIGINT)
    talk = child.communicate(timeout=30)[1].decode()
    os.close(ours)
    os.close(theirs)
    assert child.returncode == exits.INTERRUPTED
    assert "Interrupted" in talk
    assert "Traceback" not in talk


LISTED = ["plugin", "path"]


def test_a_full_disk_behind_the_output_is_refused_once_and_quietly() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROJECT / "bin" / "onefirm", *LISTED],
            env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == exits.REFUSED
    assert done.stderr.splitlines()[0] == "onefirm: Output or disk: No space left on device."
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_caller_closed_is_no_bug(closed: str) -> None:
    command = f'"{PROJECT}/bin/onefirm" {" ".join(LISTED)} {closed}'
    done = subprocess.run(command, shell=True, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (exits.DONE, "")


@pytest.mark.parametrize("words", [["ask"], ["read"]])
def test_no_answer_on_standard_input_is_a_refusal_and_no_interruption(
    words: list[str], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command("ask")
    def ask() -> None:
        if words == ["read"]:
            raise EOFError
        click.confirm("Sure?", abort=True, err=True)

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr(commands.LazyGroup, "get_command", lambda *_: ask)
    monkeypatch.setitem(commands.COMMANDS, "ask", "")
    answer = terminal("ask")
    assert answer.code == exits.REFUSED
    assert "Standard input ended before the answer; nothing was done." in answer.err


def test_a_hint_in_the_terminal_is_a_command(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run_into(NotFound("There is no T-9.", hint="record_find kind=task lists them."), terminal, monkeypatch)
    assert answer.err.endswith("  → `onefirm record find task` lists them.\n")
