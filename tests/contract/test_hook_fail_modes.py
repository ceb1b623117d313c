"""Breaks what each hook needs, one thing at a time, and holds it to the table in hooks/fail_modes.py."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from onefirm.sessions import db, identity, marks, walls
from support.hook import PROJECT, Answer, Firm, plugin
from support.unmeasured import not_measured

sys.path.append(str(PROJECT))
from hooks import fail_modes

FILE = "context/launch/CLAUDE.md"
TEXT = "# Launch site\n\nRecord: P-1\n\nWe start with the booking path.\n"
COMMAND = {"tool_name": "Bash", "tool_input": {"command": "true"}, "tool_use_id": "t1"}
NOBODY = 65_534


def event(firm: Firm, hook: str) -> dict[str, Any]:
    """What each hook is asked here: a session in which a shell command changed narrative that nobody had looked at, and
    somebody moved the one record that it had looked at.
    """
    given = {"file_path": str(firm.root / FILE), "old_string": "We start", "new_string": "Because of Jana we start"}
    return {
        "session_start": {"source": "startup"},
        "prompt": {"prompt": "How is the launch site doing?"},
        "guard": {"tool_name": "Edit", "tool_input": given},
        "wall": {"tool_name": "Read", "tool_input": given},
        "before_command": COMMAND,
        "post_tool_use": {"hook_event_name": "PostToolUse", **COMMAND},
        "pre_compact": {"trigger": "auto", "custom_instructions": ""},
        "stop": {"stop_hook_active": False},
        "session_end": {"reason": "other"},
    }[hook]


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return laid(tmp_path / "firm")


def laid(root: Path) -> Firm:
    firm = Firm.at(root)
    firm.write(FILE, TEXT)
    firm.truth("P-1", title="Launch site", status="discovery", client="CL-2")
    firm.start()
    firm.run("before_command", **COMMAND)
    firm.write(FILE, TEXT + "\nA word more.\n")
    firm.truth("T-1", title="Draw the front page", status="todo")
    firm.look("T-1")
    firm.truth("T-1", due="2026-12-01")
    return firm


# --- what is broken


def no_python(firm: Firm) -> None:
    firm.env["ONEFIRM_PYTHON"] = "/nowhere/python3"


def python_that_fails(firm: Firm) -> None:
    fake = firm.write(".fake/python3", "#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    firm.env["ONEFIRM_PYTHON"] = str(fake)


def no_time(firm: Firm) -> None:
    firm.env["ONEFIRM_HOOK_DEADLINE_S"] = "0.001"


def missing_database(firm: Firm) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(db.path(str(firm.root)) + suffix).unlink(missing_ok=True)


def corrupt_database(firm: Firm) -> None:
    missing_database(firm)
    Path(db.path(str(firm.root))).write_bytes(b"this is no database " * 500)


def newer_database(firm: Firm) -> None:
    with db.writing(str(firm.root)) as conn:
        conn.execute("update meta set value = '99' where key = 'version'")


def stripped_path(firm: Firm) -> None:
    firm.env["PATH"] = "/nowhere"


def no_home(firm: Firm) -> None:
    firm.env["HOME"] = "/proc/nowhere"


def rules(text: str | None) -> Callable[[Firm], None]:
    def broken(firm: Firm) -> None:
        file = firm.root / ".onefirm/guard.json"
        file.unlink() if text is None else file.write_text(text)

    return broken


def untouched(firm: Firm) -> None:
    """The input is what is broken."""


BREAKS: dict[str, Callable[[Firm], None]] = {
    "no python": no_python,
    "python that fails": python_that_fails,
    "empty input": untouched,
    "malformed input": untouched,
    "huge input": untouched,
    "past the deadline": no_time,
    "session.db missing": missing_database,
    "session.db corrupt": corrupt_database,
    "session.db newer": newer_database,
    "guard.json missing": rules(None),
    "guard.json corrupt": rules('{"version": 1, "kinds": {"project"'),
    "guard.json newer": rules('{"version": 99}'),
    "stripped PATH": stripped_path,
    "read-only workspace": untouched,
    "read-only home": no_home,
}


def asked(firm: Firm, what: str, hook: str) -> Answer:
    payload = event(firm, hook)
    if hook == "wall":
        walls.put(str(firm.root), firm.client, "CL-1", "Acme", ("CL", "PR"))
    if what in ("empty input", "malformed input"):
        return firm.run(hook, raw=b"" if what == "empty input" else b'{"session_id": "client-1", "tool')
    if what == "huge input":
        payload = {**payload, "tool_response": {"stdout": "x" * 20_000_000}, "last_assistant_message": "x" * 10_000_000}
    return firm.run(hook, **payload)


# --- what happens


def ordinary(firm: Firm, hook: str, answer: Answer) -> None:
    """The answer that the hook gives when nothing is broken."""
    assert (answer.code, answer.stderr) == (0, "")
    assert "systemMessage" not in answer.output
    {
        "session_start": lambda: answer.context,
        "prompt": lambda: "due 2026-12-01" in answer.context,
        "guard": lambda: "hasn't looked at P-1" in answer.denial,
        "wall": lambda: "is not for this session" in answer.denial,
        "before_command": lambda: answer.stdout == "",
        "post_tool_use": lambda: "hasn't looked at P-1" in answer.context,
        "pre_compact": lambda: answer.stdout == "" and firm.rows("select text from note where name = 'kept'"),
        "stop": lambda: "hasn't looked at P-1" in answer.block,
        "session_end": lambda: answer.stdout == "" and identity.to_close(str(firm.root)),
    }[hook]()


def healed(firm: Firm, hook: str, answer: Answer) -> None:
    assert (answer.code, answer.stderr) == (0, "")
    assert "systemMessage" not in answer.output
    db.connect(str(firm.root), readonly=True).close()
    assert "failed" not in {mark["hook"]: mark["outcome"] for mark in marks.all(str(firm.root))}[hook]


def one_line(firm: Firm, hook: str, answer: Answer) -> None:
    assert answer.code == 0
    assert list(answer.output) == ["systemMessage"]
    assert "onefirm doctor --fix" in answer.output["systemMessage"]


def denied(firm: Firm, hook: str, answer: Answer) -> None:
    assert answer.code == 0
    assert "onefirm doctor --fix" in answer.denial
    other = {"tool_name": "Write", "tool_input": {"file_path": str(firm.root / "main.py"), "content": "x"}}
    assert firm.run("guard", **other).stdout == ""


def refused(firm: Firm, hook: str, answer: Answer) -> None:
    assert (answer.code, answer.stdout) == (2, "")
    assert "onefirm doctor --fix" in answer.stderr


def blocked(firm: Firm, hook: str, answer: Answer) -> None:
    assert "git diff" in answer.block
    assert firm.run(hook, **event(firm, hook)).block == ""


OUTCOMES = {
    "works": ordinary,
    "heals": healed,
    "line": one_line,
    "deny": denied,
    "refuse": refused,
    "block": blocked,
}


def test_the_table_and_this_test_name_the_same_things() -> None:
    assert set(BREAKS) == set(fail_modes.TABLE)
    assert set(OUTCOMES) == set(fail_modes.MEANING)
    assert {outcome for row in fail_modes.TABLE.values() for outcome in row.values()} == set(OUTCOMES)
    assert all(set(row) == set(fail_modes.HOOKS) for row in fail_modes.TABLE.values())


CASES = [(what, hook) for what, row in fail_modes.TABLE.items() for hook in row if what != "read-only workspace"]


@pytest.mark.parametrize(("what", "hook"), CASES, ids=[f"{what}, {hook}" for what, hook in CASES])
def test_a_hook_fails_as_the_table_says(firm: Firm, what: str, hook: str) -> None:
    BREAKS[what](firm)
    answer = asked(firm, what, hook)
    OUTCOMES[fail_modes.TABLE[what][hook]](firm, hook, answer)
    if (hook, fail_modes.TABLE[what][hook]) == ("stop", "refuse"):
        one_line(firm, hook, asked(firm, what, hook))


# --- a disk that takes nothing


@pytest.fixture
def frozen() -> Iterator[Firm]:
    """A workspace that the hooks' user may read and not write; root may write anywhere, so it steps down."""
    folder = Path(tempfile.mkdtemp(prefix="frozen-"))
    try:
        firm = laid(folder / "firm")
        with db.writing(str(firm.root)):
            pass
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield firm
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


def run_as_nobody(firm: Firm, hook: str) -> Answer:
    import json

    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    python = python_of_everybody() if user else sys.executable
    done = subprocess.run(
        ["/bin/sh", str(plugin() / "hooks/hook.sh"), hook],
        input=json.dumps({"session_id": firm.client, "cwd": str(firm.root), **event(firm, hook)}).encode(),
        capture_output=True,
        cwd=firm.root,
        env={**firm.environment(), "ONEFIRM_PYTHON": python},
        check=False,
        **user,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def python_of_everybody() -> str:
    """An interpreter that another user may start: the tests' own may lie in somebody's home."""
    found = [python for python in ("/usr/bin/python3", "/usr/local/bin/python3") if os.path.exists(python)]
    if found:
        return found[0]
    return not_measured("hooks on a read-only workspace: no interpreter outside of the home (install python3 in /usr)")


@pytest.mark.parametrize("hook", fail_modes.HOOKS)
def test_a_hook_on_a_read_only_workspace_fails_as_the_table_says(frozen: Firm, hook: str) -> None:
    OUTCOMES[fail_modes.TABLE["read-only workspace"][hook]](frozen, hook, run_as_nobody(frozen, hook))


# --- many at once


def test_many_hooks_at_once_neither_fail_nor_lose_an_edit(firm: Firm) -> None:
    def one(number: int) -> list[Answer]:
        worker = Firm(firm.root, client=f"worker-{number}", events=firm.events)
        hooks = ("session_start", "guard", "before_command", "post_tool_use", "stop")
        return [worker.run(hook, **event(worker, hook)) for hook in hooks]

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for told in pool.map(one, range(16)) for answer in told]
    assert {answer.code for answer in answers} == {0}
    assert [answer.stdout for answer in answers if "failed" in answer.stdout] == []
    assert len(identity.open_sessions(str(firm.root))) == 17
    assert firm.rows("select path from edit") == [(FILE,)]
