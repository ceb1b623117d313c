"""Six processes write one workspace at once: two MCP servers, two command lines, two sessions' hooks."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.ledger.verify import verify
from onefirm.state.records import Change
from support.over_mcp import connected

PROJECT = Path(__file__).resolve().parents[2]
DURATION_S = float(os.environ.get("ONEFIRM_CHAOS_S", "15"))
"""All cores are busy for that long; ONEFIRM_CHAOS_S=60 makes it a minute."""
NARRATIVE = "# Shop\n\nRecord: P-1\n\nWhy it matters.\n"

Writer = Callable[[Path, str, threading.Event, list[str]], None]


def over_mcp(root: Path, ref: str, stop: threading.Event, written: list[str]) -> None:
    """One server process; every write is answered before the next."""
    with connected(root, session=f"client-{ref}") as firm:
        while not stop.is_set():
            title = f"{ref} {len(written) + 1}"
            firm.update(ref, title=title)
            written.append(title)
            assert firm.get(ref)["title"] == title


def over_cli(root: Path, ref: str, stop: threading.Event, written: list[str]) -> None:
    """One command line process after the other."""
    program = "import sys; from onefirm.cli import main; main()"
    while not stop.is_set():
        title = f"{ref} {len(written) + 1}"
        words = ["-C", str(root), "record", "update", ref, f"title={title}"]
        run([sys.executable, "-c", program, *words], root)
        written.append(title)


def over_hooks(root: Path, ref: str, stop: threading.Event, written: list[str]) -> None:
    """A session's hooks: start, guarded edits, attribution, Stop; its narrative file is its own."""
    file = root / "context" / f"{ref}.md"
    while not stop.is_set():
        client = f"client-hooks-{ref}-{len(written)}"
        line = f"They wait for the board, {len(written)}."
        call = {"tool_name": "Edit", "tool_use_id": f"toolu_{ref}_{len(written)}"}
        edit = {**call, "tool_input": {"file_path": str(file), "old_string": "Why it matters.", "new_string": line}}
        hook(root, client, "session_start", source="startup")
        denial = hook(root, client, "guard", **edit)
        assert "record_get" in denial, denial
        hook(root, client, "stop", stop_hook_active=False)
        written.append(line)


def hook(root: Path, client: str, event: str, **fields: object) -> str:
    names = {"session_start": "SessionStart", "guard": "PreToolUse", "stop": "Stop"}
    data = {"session_id": client, "cwd": str(root), "hook_event_name": names[event], **fields}
    command = ["sh", str(PROJECT / "hooks" / "hook.sh"), event]
    return run(command, root, json.dumps(data), CLAUDE_PROJECT_DIR=str(root), ONEFIRM_PYTHON=sys.executable)


def run(command: list[str], root: Path, stdin: str = "", **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=root,
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "locked" not in done.stderr
    return done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "firm"
    workspace.init(root, workspace.Wishes(firm="Northlight Studio", timezone="UTC"))
    by = By("operator")
    with open_firm(root) as firm:
        firm.records.write([Change("create", kind="project", set={"title": "Shop"})], by)
        firm.records.write([Change("create", kind="task", set={"title": f"T-{n} 0"}) for n in range(1, 5)], by)
    for name in ("hooks-1", "hooks-2"):
        (root / "context" / f"{name}.md").write_text(NARRATIVE)
    return root


@pytest.mark.slow
def test_six_processes_write_at_once_without_a_lost_write_or_a_lock_error(root: Path) -> None:
    work: dict[str, Writer] = {
        "T-1": over_mcp, "T-2": over_mcp, "T-3": over_cli, "T-4": over_cli,
        "hooks-1": over_hooks, "hooks-2": over_hooks,
    }  # fmt: skip
    written: dict[str, list[str]] = {ref: [] for ref in work}
    failures = live(root, work, written)
    assert not failures
    assert all(written.values()), {ref: len(done) for ref, done in written.items()}
    with open_firm(root) as firm:
        firm.records.sync(By("onefirm"))
        told = Counter[str]()
        with firm.store.read() as conn:
            verdict = verify(conn)
            for event in firm.ledger.events(conn, kinds=["record.updated"]):
                told[event.payload["after"]["title"]] += 1
        assert verdict.ok, verdict.findings
        for ref in ("T-1", "T-2", "T-3", "T-4"):
            assert [told[title] for title in written[ref]] == [1] * len(written[ref])
            assert firm.records.get(ref).title == written[ref][-1]
        assert not firm.records.pending()


def live(root: Path, work: dict[str, Writer], written: dict[str, list[str]]) -> list[BaseException]:
    """Run every writer in a thread of its own for the time given; what went wrong comes back."""
    stop, failures = threading.Event(), []

    def worker(ref: str, writer: Writer) -> None:
        try:
            writer(root, ref, stop, written[ref])
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    threads = [threading.Thread(target=worker, args=item) for item in work.items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + DURATION_S
    while time.monotonic() < end and not stop.wait(0.2):
        pass
    stop.set()
    for thread in threads:
        thread.join(120)
    return failures
