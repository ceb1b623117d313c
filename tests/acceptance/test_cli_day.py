"""The brief, sessions, the guard's hatch, secrets and the doctor through the command line."""

import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from onefirm.bootstrap import open_firm
from onefirm.cli import guard
from onefirm.core.attribution import By
from onefirm.sessions import db, hatch
from onefirm.state.records import Change
from support.terminal import LAUNCHER, Terminal, environment, program
from support.unmeasured import not_measured


@pytest.mark.row("STA-04")
def test_the_brief_says_what_changed_since_the_last_close(onefirm: Terminal) -> None:
    before = onefirm.data("brief")["changes"]
    onefirm.done("record", "update", "P-1", "status=review")
    after = onefirm.data("brief")["changes"]
    assert [line for line in after if line not in before] == ["P-1 Launch site: status delivery → review (operator)"]
    assert "P-1 Launch site: status delivery → review (operator)" in onefirm.done("brief").out


@pytest.mark.row("STA-12")
def test_a_long_brief_shows_its_first_lines_and_how_to_see_the_rest(onefirm: Terminal) -> None:
    with open_firm(onefirm.root) as firm:
        late = [{"title": f"Call {number}", "due": "2020-01-01"} for number in range(45)]
        firm.records.write([Change("create", kind="task", set=task) for task in late], By("operator"))
    lines = onefirm.data("brief")["lines"]
    short, long = onefirm.done("brief").out, onefirm.done("brief", "--all").out
    assert f"… {len(lines) - 40} more: onefirm brief --all" in short
    assert lines[39]["title"] in short
    assert all(f"{line['rank']:>4}. {line['rule']}" in long for line in lines)


@pytest.mark.row("STA-12")
def test_every_line_of_the_brief_can_be_explained(shared: Terminal) -> None:
    lines = shared.data("brief")["lines"]
    assert {line["rule"] for line in lines} >= {"blocked", "overdue", "due soon", "waiting", "stale"}
    one_of_each = {line["rule"]: line for line in lines}
    for line in (lines[0], *one_of_each.values()):
        told = shared.done("brief", "--explain", str(line["rank"])).out
        assert line["ref"] in told
        assert f"Rule “{line['rule']}”" in told
    assert shared.data("brief")["lines"] == lines
    assert shared("brief", "--explain", "999").code == 1


@pytest.mark.row("STA-15")
def test_a_session_that_died_is_closed_by_hand_and_told(onefirm: Terminal) -> None:
    from onefirm.sessions import identity

    gone = subprocess.Popen(["true"])
    gone.wait()
    session = identity.start(str(onefirm.root), "client-1", "startup", str(onefirm.root), gone.pid)
    assert [(s["session"], s["alive"]) for s in onefirm.data("session", "list")] == [(session, False)]
    (closed,) = onefirm.data("session", "close")
    assert (closed["session"], closed["how"]) == (session, "died")
    assert "closed session" in onefirm.done("session", "show", session).out
    assert "nothing new to anchor" in onefirm.done("session", "close").out


@pytest.mark.row("OPS-02")
def test_what_was_written_without_any_session_is_anchored_and_backed_up_by_a_close(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review")
    (head,) = onefirm.data("ledger", "verify")["heads"]
    said = onefirm.done("session", "close").out
    assert re.fullmatch(
        r"No session was left to close; anchored in commit [0-9a-f]{10}, backup firm-\d{4}-\d\d-\d\d\.db\.\n", said
    )
    assert f"up to entry {head.split(':')[1]}." in onefirm.done("ledger", "verify", "--anchor").out
    assert "nothing new to anchor, backup firm-" in onefirm.done("session", "close").out


@pytest.mark.row("OPS-02")
def test_a_close_by_hand_without_any_session_is_where_the_next_brief_begins(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review")
    assert any(line.startswith("P-1 ") for line in onefirm.data("brief")["changes"])
    onefirm.done("session", "close")
    brief = onefirm.data("brief")
    assert brief["changes"] == []
    assert "No session has been closed yet" not in brief["text"]
    onefirm.done("session", "close")
    (newest, *_) = onefirm.data("ledger", "log", "--kind", "session.closed")[::-1]
    assert (newest["actor"], newest["session"], newest["at"]) == ("operator", None, brief["since"])
    onefirm.done("record", "update", "P-1", "status=delivery", "--why", "one more round")
    assert [line.split()[0] for line in onefirm.data("brief")["changes"]] == ["P-1"]


@pytest.mark.row("LED-04")
def test_a_terminal_tells_every_time_in_the_firms_time_zone(onefirm: Terminal) -> None:
    (onefirm.root / "offer.md").write_text("An offer.")
    onefirm.done("artifact", "add", "offer.md", "--about", "P-1")
    changed = onefirm("record", "get", "P-1").err
    for told in (
        changed, onefirm.done("artifact", "show", "ART-1").out, onefirm.done("decision", "show", "DEC-1").out,
        onefirm.done("guard", "off", "--for", "30m", "--why", "moving").out, onefirm.done("guard", "status").out,
        onefirm.done("brief").out, onefirm.done("ledger", "log").out, onefirm.done("record", "timeline", "P-1").out,
    ):  # fmt: skip
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d CES?T", told)
        assert not re.search(r"\d\d:\d\d UTC", told)


@pytest.mark.row("NAR-04")
def test_the_hatch_lifts_the_guard_for_a_while_and_the_ledger_says_why(onefirm: Terminal) -> None:
    root = str(onefirm.root)
    onefirm.done("guard", "off", "--for", "30m", "--why", "moving old notes in")
    with db.reading(root) as conn:
        assert hatch.active(conn, time.time() + 29 * 60)
        assert not hatch.active(conn, time.time() + 31 * 60)
    assert "moving old notes in" in onefirm.done("guard", "status").out
    assert onefirm.data("guard", "status")["stands"] is False
    assert "off    guard" in onefirm("doctor").out
    onefirm.done("guard", "on")
    assert onefirm.data("guard", "status") == {"stands": True, "lifted": None}
    kinds = [event["kind"] for event in onefirm.data("ledger", "log", "--kind", "guard.")]
    assert kinds == ["guard.lifted", "guard.restored"]


@pytest.mark.row("NAR-04")
@pytest.mark.parametrize(("said", "minutes"), [("30m", 30), ("2h", 120), ("45", 45), ("1 h", 60), ("10min", 10)])
def test_a_time_is_read_as_it_is_said(said: str, minutes: int) -> None:
    assert guard.Minutes().convert(said, None, None) == minutes


@pytest.mark.row("OPS-08")
def test_a_secret_is_read_from_standard_input_and_never_shown(onefirm: Terminal) -> None:
    value = "correct-horse-battery"
    kept = program("-C", onefirm.root, "secret", "set", "database", "--ends", "2027-06-30", input=f"{value}\n")
    assert kept.returncode == 0, kept.stderr
    assert value not in kept.stdout + kept.stderr
    listed = onefirm.done("secret", "list").out
    assert "database" in listed
    assert "2027-06-30" in listed
    assert value not in listed + onefirm.done("secret", "list", "--json").out
    onefirm.done("secret", "remove", "database")
    assert "database" not in onefirm.done("secret", "list").out


@pytest.mark.row("OPS-08")
def test_a_secret_is_no_argument(onefirm: Terminal) -> None:
    assert onefirm("secret", "set", "database", "hunter2").code == 2
    assert program("-C", onefirm.root, "secret", "set", "database", input="").returncode == 1


@pytest.mark.row("OPS-08")
def test_a_text_that_holds_a_secret_is_refused(onefirm: Terminal) -> None:
    refused = onefirm("record", "update", "P-1", "next_action=use ghp_" + "a1B2" * 9)
    assert refused.code == 1
    assert "GitHub token" in refused.err


# -- doctor ------------------------------------------------------------------------------------------------------------


@pytest.mark.row("OPS-02")
def test_the_doctor_is_content_with_a_firm_that_was_just_made(shared: Terminal) -> None:
    found = shared.data("doctor")["findings"]
    assert not [finding for finding in found if finding["level"] == "broken"]
    assert {finding["area"] for finding in found} >= {"python", "git", "ledger", "truth", "guard", "hooks", "sessions"}


@pytest.mark.row("OPS-02")
def test_the_doctor_names_what_is_broken_and_mends_it(onefirm: Terminal) -> None:
    (onefirm.root / ".onefirm" / "guard.json").write_text("{}")
    (onefirm.root / ".onefirm" / "session.db").write_bytes(b"not a database")
    (onefirm.root / ".onefirm" / "firm.db").chmod(0o644)
    found = onefirm("doctor")
    assert found.code == 1
    assert "guard.json" in found.out
    assert "→ onefirm doctor --fix" in found.out
    mended = onefirm("doctor", "--fix")
    assert mended.code == 0, mended.out
    assert onefirm.data("record", "get", "P-1")["title"] == "Launch site"


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_lost_database_is_never_replaced_by_an_empty_one(onefirm: Terminal, harm: str) -> None:
    hidden = onefirm.root / ".onefirm"
    backup = hidden / "backup" / "firm-20261101.db"
    backup.parent.mkdir(exist_ok=True)
    with sqlite3.connect(hidden / "firm.db") as conn, sqlite3.connect(backup) as copy:
        conn.backup(copy)
    conn.close()
    copy.close()
    for path in hidden.glob("firm.db*"):
        path.unlink()
    if harm == "damaged":
        (hidden / "firm.db").write_bytes(os.urandom(20_000))
    assert onefirm("brief").code == 1
    for command in (["doctor"], ["doctor", "--fix"]):
        assert onefirm(*command).code == 1
    found = onefirm("doctor", "--json").data["findings"]
    (fix,) = [finding["fix"] for finding in found if finding["area"] == "backup"]
    subprocess.run(fix, shell=True, check=True, env=environment(PATH=f"{LAUNCHER.parent}:{os.environ['PATH']}"))
    assert onefirm.data("record", "get", "P-1")["title"] == "Launch site"


@pytest.mark.row("OPS-02")
def test_the_start_of_a_session_on_the_demo_firm_costs_at_most_7500_tokens(shared: Terminal) -> None:
    bill = shared.data("doctor", "--tokens")
    cost = {part["name"]: part["tokens"] for part in bill["parts"]}
    assert list(cost) == ["brief", "CLAUDE.md", "rules", "playbooks", "tools"]
    assert min(cost.values()) > 50
    assert bill["total"] == sum(cost.values()) <= bill["budget"] == 7_500


@pytest.mark.row("OPS-02")
def test_what_costs_tokens_at_the_start_is_told_part_by_part(onefirm: Terminal) -> None:
    before = {part["name"]: part["tokens"] for part in onefirm.data("doctor", "--tokens")["parts"]}
    long = "A sentence that every session reads. " * 40
    lay = {
        "CLAUDE.local.md": long,
        ".claude/rules/always.md": f"<!-- {long} -->{long}",
        ".claude/rules/scoped.md": f"---\npaths: [src/**]\n---\n{long}",
        ".claude/commands/own.md": f"---\ndescription: Tidy up\n---\n{long}",
        ".claude/agents/typed.md": f"---\ndisable-model-invocation: true\n---\n{long}",
    }
    for path, text in lay.items():
        (onefirm.root / path).parent.mkdir(parents=True, exist_ok=True)
        (onefirm.root / path).write_text(text)
    after = {part["name"]: part["tokens"] for part in onefirm.data("doctor", "--tokens")["parts"]}
    grown = {name: cost - before.get(name, 0) for name, cost in after.items() if cost != before.get(name)}
    assert list(grown) == ["CLAUDE.md", "rules", "skills, agents"]
    assert grown["CLAUDE.md"] == pytest.approx(grown["rules"], abs=2)
    assert grown["skills, agents"] < 12
    said = onefirm.done("doctor", "--tokens").out
    assert "CLAUDE.md, context/CLAUDE.md, CLAUDE.local.md" in said
    assert f"{sum(after.values()):,} tokens" in said


# -- init --------------------------------------------------------------------------------------------------------------


@pytest.mark.row("OPS-01")
def test_init_makes_a_workspace_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    made = terminal.data("init", str(tmp_path / "Harbour Works"), "--timezone", "Europe/Berlin")
    root = Path(made["root"])
    assert {"onefirm.yaml", "CLAUDE.md", "context/CLAUDE.md", ".claude/settings.json"} <= set(made["made"])
    assert "firm: " in (root / "onefirm.yaml").read_text()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}
    again = terminal.data("init", str(root))
    assert again["made"] == []
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert {p.name for p in after if before.get(p) != after[p]} <= {"firm.db-shm", "firm.db-wal", "session.db-shm"}
    assert "nothing was changed" in terminal.done("init", str(root)).out
    assert Terminal(root)("doctor").code == 0


@pytest.mark.row("OPS-01")
def test_init_refuses_a_timezone_that_is_none(tmp_path: Path) -> None:
    refused = Terminal(tmp_path)("init", str(tmp_path / "firm"), "--timezone", "Europe/Berln")
    assert refused.code == 1
    assert "Europe/Berlin" in refused.err


@pytest.mark.row("OPS-01")
def test_the_demo_refuses_a_firm_with_a_history_of_its_own(shared: Terminal) -> None:
    before = shared.data("ledger", "verify")["heads"]
    refused = shared("demo", str(shared.root))
    assert refused.code == 1
    assert "history of its own" in refused.err
    assert shared.data("ledger", "verify")["heads"] == before


@pytest.mark.row("OPS-01")
def test_the_demo_firm_is_a_month_old_and_whole(shared: Terminal) -> None:
    events = shared.data("ledger", "log", "--limit", "5000")
    assert len(events) > 300
    days = {event["at"][:10] for event in events}
    assert len(days) >= 25
    assert {event["actor"] for event in events} == {"operator", "claude", "onefirm"}
    assert all(event["session"] for event in events if event["kind"].startswith("session."))
    files = list((shared.root / "context").rglob("*.md"))
    assert len(files) >= 25
    assert not [path for path in files if re.search(r"\{[a-z]", path.read_text())]
    log = subprocess.run(["git", "status", "--porcelain"], cwd=shared.root, capture_output=True, text=True, check=True)
    assert log.stdout == ""


@pytest.mark.row("OPS-01")
@pytest.mark.row("NAR-02")
@pytest.mark.row("NAR-05")
@pytest.mark.row("NAR-07")
@pytest.mark.row("STA-02")
@pytest.mark.row("STA-13")
@pytest.mark.slow
def test_a_whole_week_is_lived_in_a_firm_that_needs_no_account(tmp_path: Path) -> None:
    lived = subprocess.run(
        ["scripts/demo", "--keep", tmp_path / "firm"],
        cwd=LAUNCHER.parents[1], env=environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert lived.returncode == 0, lived.stdout[-3000:] + lived.stderr[-2000:]
    assert "✗" not in lived.stdout
    assert lived.stdout.count("✓") >= 40
    assert "Next:" in lived.stdout
    assert Terminal(tmp_path / "firm")("ledger", "verify", "--anchor", "git").code == 0


# -- the terminal ------------------------------------------------------------------------------------------------------


def on_a_terminal(onefirm: Terminal, *words: str, **env: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [LAUNCHER, "-C", onefirm.root, *words],
        env=environment(TERM="xterm-256color", COLUMNS="80", LINES="50", **env),
        stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    child.wait(30)
    os.close(ours)
    return shown.decode()


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize(
    "words",
    [
        ("brief",),
        ("record", "find", "--limit", "60"),
        ("record", "get", "P-1"),
        ("decision", "list"),
        ("decision", "show", "DEC-3"),
        ("lesson", "list"),
        ("ledger", "trace", "P-1"),
        ("doctor",),
    ],
)
def test_a_terminal_of_80_columns_is_enough(shared: Terminal, words: tuple[str, ...]) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(shared, *words))
    tables = [line.rstrip() for line in plain.splitlines()]
    assert tables
    assert max(map(len, tables)) <= 80


@pytest.mark.row("OPS-02")
def test_no_color_means_none(shared: Terminal) -> None:
    assert "\x1b[" in on_a_terminal(shared, "brief")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", on_a_terminal(shared, "brief", NO_COLOR="1"))


@pytest.mark.row("OPS-02")
def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from onefirm.cli.exits import run\n"
        "run(['--help'])\n"
        "print(sorted({'sqlalchemy', 'pydantic', 'mcp', 'rich', 'git', 'yaml', 'numpy'} & set(sys.modules)))"
    )
    listed = subprocess.run(
        [environment()["ONEFIRM_PYTHON"], "-I", "-c", code, LAUNCHER.parents[1]],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listed.stdout.splitlines()[-1] == "[]"


@pytest.mark.row("OPS-02")
def test_outside_of_a_workspace_a_command_says_how_to_make_one(tmp_path: Path) -> None:
    for words in (["brief"], ["doctor"], ["guard", "status"], ["session", "list"], ["secret", "list"]):
        refused = Terminal(tmp_path)(*words)
        assert refused.code == 1
        assert "onefirm init" in refused.err


@pytest.mark.row("OPS-02")
def test_every_command_that_reads_speaks_json(shared: Terminal) -> None:
    reads = [
        ("brief",), ("record", "find"), ("record", "get", "P-1"), ("record", "timeline", "P-1"),
        ("record", "conflicts"), ("decision", "list"), ("decision", "show", "DEC-1"), ("lesson", "list"),
        ("recall", "blog"), ("ledger", "verify"), ("ledger", "trace", "P-1"), ("ledger", "log"),
        ("session", "list"), ("guard", "status"), ("secret", "list"), ("doctor",),
    ]  # fmt: skip
    for words in reads:
        json.loads(shared.done(*words, "--json").out)


@pytest.mark.row("STA-01")
def test_a_read_only_folder_is_told_as_one(onefirm: Terminal) -> None:
    if os.geteuid() == 0:
        not_measured("a read-only folder, because root may write everywhere: run the tests as another user")
    for path in (onefirm.root / ".onefirm").rglob("*"):
        path.chmod(0o500 if path.is_dir() else 0o400)
    (onefirm.root / ".onefirm").chmod(0o500)
    refused = onefirm("record", "update", "P-1", "status=review")
    assert refused.code == 1
    assert "read-only" in refused.err or "permissions" in refused.err


@pytest.mark.row("STA-01")
def test_a_copy_of_a_workspace_that_was_never_initialised_here_says_so(onefirm: Terminal, tmp_path: Path) -> None:
    shutil.rmtree(onefirm.root / ".onefirm")
    refused = onefirm("brief")
    assert refused.code == 1
    assert "onefirm init" in refused.err
