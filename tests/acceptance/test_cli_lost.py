"""A firm that lost a part of itself: what is refused, what the doctor says, and how it comes back."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from onefirm import __version__
from onefirm.sessions import identity, marks
from support.terminal import LAUNCHER, Terminal, environment


def lose(onefirm: Terminal) -> None:
    for path in (onefirm.root / ".onefirm").glob("firm.db*"):
        path.unlink()


def findings(onefirm: Terminal) -> list[dict[str, str]]:
    return onefirm("doctor", "--json").data["findings"]


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize("harm", ["the database", "all of .onefirm"])
@pytest.mark.parametrize("command", [("doctor", "--fix"), ("init", ".")])
def test_a_lost_firm_is_refused_and_nothing_is_made(onefirm: Terminal, harm: str, command: tuple[str, ...]) -> None:
    lose(onefirm)
    if harm != "the database":
        shutil.rmtree(onefirm.root / ".onefirm")
    (onefirm.root / ".onefirm").mkdir(exist_ok=True)
    before = sorted(path.name for path in (onefirm.root / ".onefirm").iterdir())
    told = onefirm("brief")
    assert told.code == 1
    assert ("onefirm doctor" if harm == "the database" else "onefirm init") in told.err
    answer = onefirm(*command)
    assert answer.code == 1
    assert "--anew" in answer.out + answer.err
    assert "→ onefirm doctor" not in answer.out
    assert "is missing or empty, and there was one" in answer.out + answer.err
    assert sorted(path.name for path in (onefirm.root / ".onefirm").iterdir()) == before


@pytest.mark.row("OPS-02")
def test_a_folder_that_lost_all_of_onefirm_is_told_the_same_by_every_command(onefirm: Terminal) -> None:
    shutil.rmtree(onefirm.root / ".onefirm")
    told = {onefirm(*command).err for command in (("brief",), ("init", "."), ("record", "find"))}
    assert len(told) == 1
    assert "is missing or empty, and there was one: git has anchors of its ledger" in told.pop()


@pytest.mark.row("OPS-02")
def test_an_emptied_database_is_called_empty_and_led_to_the_backups(onefirm: Terminal) -> None:
    onefirm.done("session", "close")
    lose(onefirm)
    (onefirm.root / ".onefirm" / "firm.db").touch()
    told = onefirm("brief").err
    assert "The firm's database is empty" in told
    assert "doctor --fix" not in told
    assert "migrates" not in told
    found = onefirm("doctor", "--json").data["findings"]
    assert "The firm's database is empty" in " ".join(f["what"] for f in found)
    assert "doctor --restored" in next(f["fix"] for f in found if f["area"] == "backup")
    assert any(f["fix"].endswith("--anew") for f in found)


@pytest.mark.row("OPS-02")
def test_an_empty_firm_is_begun_only_on_purpose_and_the_ledger_says_so(onefirm: Terminal) -> None:
    refused = onefirm("init", ".", "--anew")
    assert refused.code == 1
    assert "holds a firm" in refused.err
    lose(onefirm)
    onefirm.done("init", ".", "--anew")
    assert onefirm.data("record", "find")["total"] == 0
    assert onefirm.data("ledger", "log", "--kind", "workspace.created")[0]["payload"]["gave_up"]
    verified = onefirm.done("ledger", "verify", "--anchor")
    assert "given up" in verified.err
    assert re.search(r"held against 1 anchor up to entry \d+\.", verified.out)
    assert re.search(r"held against 1 anchor in git up to entry \d+", onefirm("doctor").out)
    assert not [f for f in findings(onefirm) if f["level"] == "broken" and f["area"] == "ledger"]


@pytest.mark.row("OPS-02")
def test_a_session_that_closes_leaves_a_copy_a_day_and_it_can_be_put_back(onefirm: Terminal) -> None:
    folder = onefirm.root / ".onefirm" / "backup"
    folder.mkdir(mode=0o700, exist_ok=True)
    for day in range(1, 9):
        (folder / f"firm-2020-01-0{day}.db").touch(0o600)
        os.utime(folder / f"firm-2020-01-0{day}.db", (day, day))
    onefirm.done("record", "update", "P-1", "status=review")
    gone = subprocess.Popen(["true"])
    gone.wait()
    identity.start(str(onefirm.root), "client-1", "startup", str(onefirm.root), gone.pid)
    onefirm.done("session", "close")
    copies = sorted(path.name for path in folder.glob("firm-*.db"))
    assert len(copies) == 7
    assert copies[0] == "firm-2020-01-03.db"
    (onefirm.root / ".onefirm" / "firm.db").write_bytes(os.urandom(9000))
    for path in (onefirm.root / ".onefirm").glob("firm.db-*"):
        path.unlink()
    found = findings(onefirm)
    assert {"python", "git", "hooks", "sessions"} <= {finding["area"] for finding in found}
    assert not [f for f in found if f["fix"].startswith("onefirm doctor")]
    fix = next(f["fix"] for f in found if f["area"] == "backup")
    assert copies[-1] in fix
    subprocess.run(fix, shell=True, check=True, env=environment(PATH=f"{LAUNCHER.parent}:{os.environ['PATH']}"))
    assert onefirm.data("record", "get", "P-1")["status"] == "review"
    assert onefirm("doctor").code == 0


@pytest.mark.row("OPS-02")
def test_the_doctor_holds_the_ledger_against_the_anchors_in_git(onefirm: Terminal, tmp_path: Path) -> None:
    from onefirm.demo import damage

    (head,) = onefirm.data("ledger", "verify")["heads"]
    database = damage.copy(onefirm.root, tmp_path / "cut")
    damage.cut_the_tail(database, int(head.split(":")[1]) - 2)
    answer = Terminal(tmp_path / "cut")("doctor")
    assert answer.code == 1
    assert "3 entries are lost" in answer.out


@pytest.mark.row("OPS-02")
def test_the_doctor_notices_what_is_gone_around_the_database(onefirm: Terminal) -> None:
    (onefirm.root / ".onefirm" / ".gitignore").unlink()
    (onefirm.root / "CLAUDE.md").write_text("# Mine\n")
    (onefirm.root / "context" / "lost.md").write_text("# Lost\n\nRecord: P-99\nParent: [up](CLAUDE.md)\n")
    told = " ".join(finding["what"] for finding in findings(onefirm))
    for words in (".gitignore is missing", "doesn't import", "3 faults in 2 files of the context tree"):
        assert words in told
    shutil.rmtree(onefirm.root / ".git")
    (onefirm.root / "CLAUDE.md").unlink()
    (onefirm.root / "context" / "gone.md").symlink_to("nowhere.md")
    (onefirm.root / "context" / "a\n→ rm it\u202e.md").symlink_to("nowhere.md")
    (onefirm.root / ".onefirm" / "backup.link").symlink_to("/nowhere")
    told = " ".join(finding["what"] for finding in findings(onefirm))
    assert "check failed" not in told
    assert "no git repository" in told
    assert "context/gone.md is a link to nothing" in told
    assert "CLAUDE.md is missing" in told
    assert '"context/a → rm it .md" is a link to nothing' in told
    assert not [f for f in findings(onefirm) if "\n" in f["what"] + f["fix"]]
    mended = onefirm("doctor", "--fix", "--json").data["mended"]
    assert mended == [".onefirm/.gitignore"]


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize("text", [None, "{}", "junk"])
def test_guard_status_says_what_the_doctor_says(onefirm: Terminal, text: str | None) -> None:
    path = onefirm.root / ".onefirm" / "guard.json"
    path.unlink() if text is None else path.write_text(text)
    refused = onefirm("guard", "status")
    assert refused.code == 1
    assert "guard.json is missing or damaged" in refused.err
    assert [f["fix"] for f in findings(onefirm) if f["area"] == "guard"] == ["onefirm doctor --fix"]
    path.parent.chmod(0o755)
    mended = onefirm("doctor", "--fix")
    assert ".onefirm/guard.json" in mended.err
    assert "permissions" in mended.err
    assert onefirm.done("guard", "status").out == "The guard stands.\n"
    assert "Nothing had to be mended." in onefirm("doctor", "--fix").err


@pytest.mark.row("OPS-02")
def test_the_doctor_tells_a_hook_that_failed(onefirm: Terminal) -> None:
    assert "never ran here" in onefirm.done("guard", "status").err
    marks.leave(str(onefirm.root), "guard", "allowed", 3.0, __version__)
    assert onefirm.done("guard", "status").err == ""
    marks.leave(str(onefirm.root), "guard", "failed: OSError", 3.0, __version__)
    assert "failed: OSError" in onefirm.done("guard", "status").err
    (told,) = [f for f in findings(onefirm) if f["area"] == "hooks" and f["level"] == "broken"]
    assert "the guard before an edit failed: OSError" in told["what"]
    assert onefirm("doctor").code == 1


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_an_installation_that_is_lost_goes_on_with_its_own_chain(onefirm: Terminal, harm: str) -> None:
    path = onefirm.root / ".onefirm" / "installation.json"
    before = path.read_text()
    path.unlink() if harm == "missing" else path.write_text("{")
    found = onefirm("doctor")
    assert found.code == 1
    assert "onefirm doctor --fix" in found.out or "onefirm init" in found.out
    assert onefirm("doctor", "--fix").code == 0
    assert path.read_text() == before
