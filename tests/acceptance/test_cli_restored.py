"""A backup that was put back: the ledger says what is lost with it, once, and stays as strict about everything else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from onefirm.demo import damage
from onefirm.sessions import identity
from support.terminal import LAUNCHER, Terminal, environment


def close_a_session(onefirm: Terminal, client: str) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    identity.start(str(onefirm.root), client, "startup", str(onefirm.root), gone.pid)
    onefirm.done("session", "close")


def write(onefirm: Terminal, title: str) -> None:
    onefirm.done("record", "create", "task", f"title={title}")
    close_a_session(onefirm, title)


def lose_the_afternoon(onefirm: Terminal) -> Path:
    """A firm whose only copy is of noon; its afternoon was anchored, then the database was damaged."""
    folder = onefirm.root / ".onefirm" / "backup"
    write(onefirm, "Morning")
    (copy,) = folder.glob("firm-*.db")
    noon = copy.rename(folder / "firm-2026-01-01.db")
    write(onefirm, "Afternoon")
    copy.unlink()
    for path in (onefirm.root / ".onefirm").glob("firm.db-*"):
        path.unlink()
    (onefirm.root / ".onefirm" / "firm.db").write_bytes(os.urandom(9000))
    return noon


def run(command: str) -> subprocess.CompletedProcess[str]:
    env = environment(PATH=f"{LAUNCHER.parent}:{os.environ['PATH']}")
    return subprocess.run(command, shell=True, env=env, capture_output=True, text=True, check=False, timeout=60)


def ledger_findings(onefirm: Terminal) -> list[dict[str, str]]:
    return [f for f in onefirm("doctor", "--json").data["findings"] if f["area"] == "ledger"]


def last_seq(database: Path, chain: str) -> int:
    import sqlite3

    with sqlite3.connect(database) as conn:
        return conn.execute("SELECT max(seq) FROM event WHERE chain_id = ?", (chain,)).fetchone()[0]


@pytest.mark.row("OPS-02")
@pytest.mark.embedded("what was written after a backup stands in Notion all the same, and is pulled again")
def test_the_doctors_command_puts_a_backup_back_and_the_firm_goes_on_whole(onefirm: Terminal) -> None:
    noon = lose_the_afternoon(onefirm)
    (old,) = {line.split(":")[0] for line in git_heads(onefirm)}
    end = last_seq(noon, old)
    fix = next(f["fix"] for f in onefirm("doctor", "--json").data["findings"] if f["area"] == "backup")
    done = run(fix)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"chain {old} ends at entry {end}" in done.stderr
    (said,) = onefirm.data("ledger", "log", "--kind", "workspace.restored")
    assert said["chain_id"] != old
    assert said["payload"]["ends"][0].startswith(f"{old}:{end}:")
    assert f"put a backup back: chain {old} ends at entry {end}" in onefirm.done("ledger", "log", "--limit", "5").out
    verified = onefirm.done("ledger", "verify", "--anchor")
    assert "a backup was put back" in verified.err
    assert {f["level"] for f in ledger_findings(onefirm)} == {"ok"}
    write(onefirm, "Evening")
    assert onefirm.done("ledger", "verify", "--anchor")
    titles = {row["title"] for row in onefirm.data("record", "find", "task", "--limit", "99")["rows"]}
    assert titles.intersection({"Morning", "Afternoon", "Evening"}) == {"Morning", "Evening"}
    assert "was nothing to say" in onefirm.done("doctor", "--restored").err


def git_heads(onefirm: Terminal) -> list[str]:
    from onefirm import git

    return git.trailers(onefirm.root, "Ledger-Head")


@pytest.mark.row("OPS-02")
def test_what_a_copy_held_is_still_held_against_the_anchors(onefirm: Terminal, tmp_path: Path) -> None:
    noon = lose_the_afternoon(onefirm)
    (old,) = {line.split(":")[0] for line in git_heads(onefirm)}
    end = last_seq(noon, old)
    run(next(f["fix"] for f in onefirm("doctor", "--json").data["findings"] if f["area"] == "backup"))
    database = damage.copy(onefirm.root, tmp_path / "cut")
    damage.cut_the_tail(database, end)
    answer = Terminal(tmp_path / "cut")("ledger", "verify", "--anchor")
    assert answer.code == 1
    assert f"the anchor knows entry {end}, the chain ends at {end - 1}" in answer.out


@pytest.mark.row("OPS-02")
def test_only_a_person_says_that_a_backup_was_put_back(onefirm: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = lose_the_afternoon(onefirm)
    shutil.copy(noon, onefirm.root / ".onefirm" / "firm.db")
    (found,) = ledger_findings(onefirm)
    assert found["level"] == "broken"
    assert "onefirm doctor --restored" in found["fix"]
    assert "onefirm doctor --restored" in onefirm("ledger", "verify", "--anchor").err
    monkeypatch.setenv("CLAUDECODE", "1")
    refused = onefirm("doctor", "--restored")
    assert refused.code == 1
    assert "the operator's own decision" in refused.err
    assert onefirm.data("ledger", "log", "--kind", "workspace.restored") == []


@pytest.mark.row("OPS-02")
def test_a_copy_that_was_written_to_before_anybody_said_so_goes_on_too(onefirm: Terminal) -> None:
    noon = lose_the_afternoon(onefirm)
    shutil.copy(noon, onefirm.root / ".onefirm" / "firm.db")
    for title in ("One", "Two", "Three"):
        write(onefirm, title)
    assert any("the chain was rewritten" in f["what"] for f in ledger_findings(onefirm))
    onefirm.done("doctor", "--restored")
    assert {f["level"] for f in ledger_findings(onefirm)} == {"ok"}


@pytest.mark.row("OPS-02")
def test_a_ledger_that_lacks_more_is_refused(onefirm: Terminal) -> None:
    noon = lose_the_afternoon(onefirm)
    shutil.copy(noon, onefirm.root / ".onefirm" / "firm.db")
    (entry,) = onefirm.data("ledger", "log", "--limit", "1", "--kind", "record.created")
    damage.change_a_byte(onefirm.root / ".onefirm" / "firm.db", entry["id"], "Morning")
    refused = onefirm("doctor", "--restored")
    assert refused.code == 1
    assert "isn't whole" in refused.err
    assert "Nothing was changed" in refused.err
