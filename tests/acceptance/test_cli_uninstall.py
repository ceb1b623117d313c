"""`onefirm uninstall`: the folder is as it was before, with what the operator wrote since."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from onefirm.sessions import identity
from support.terminal import Terminal, program

SETTINGS = '{\n    "permissions": {"allow": ["Bash(make *)"],\n\t"defaultMode": "plan"},\n  "model": "x"\n}'
OWN = {
    "CLAUDE.md": "# Halyard\n\nSay it briefly.\n",
    ".claude/settings.json": SETTINGS,
    ".claude/rules/tone.md": "No exclamation marks.\n",
    ".gitignore": "*.tmp\n",
    "notes/monday.md": "They called.\n",
}


def lay(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def files(root: Path) -> dict[str, bytes]:
    """Every file and every empty folder, git's apart."""
    found = (path for path in sorted(root.rglob("*")) if ".git" not in path.relative_to(root).parts)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in found
        if path.is_file() or not any(path.iterdir())
    }


@pytest.fixture
def firm(tmp_path: Path) -> Terminal:
    """A workspace made of an empty folder, with one rule in force."""
    terminal = Terminal(tmp_path / "firm")
    made = program("init", terminal.root, "--name", "Halyard", "--timezone", "UTC")
    assert made.returncode == 0, made.stderr
    terminal.done("lesson", "record", "Ask who signs.", "--why", "it took two weeks")
    terminal.done("lesson", "decide", "L-1", "harden")
    return terminal


def by_hand(root: Path) -> None:
    """What init asks the operator to add to files of the operator's own."""
    with (root / "CLAUDE.md").open("a") as file:
        file.write("@context/CLAUDE.md\n")
    path = root / ".claude/settings.json"
    before = path.read_text()
    allow = '"mcp__plugin_onefirm_firm__brief_get", "mcp__plugin_onefirm_firm__record_get"'
    after = before.replace('"Bash(make *)"', f'"Bash(make *)", {allow}')
    path.write_text(after.replace('"defaultMode"', '"deny": ["Edit(.onefirm/**)"], "defaultMode"'))
    assert json.loads(path.read_text())


@pytest.mark.row("OPS-02")
def test_a_folder_of_ones_own_is_as_it_was_with_what_was_written_since(tmp_path: Path) -> None:
    root = tmp_path / "firm"
    lay(root, OWN)
    subprocess.run(["git", "init", "-q", root], check=True)
    before = files(root)
    onefirm = Terminal(root)
    assert program("init", root, "--timezone", "UTC").returncode == 0
    by_hand(root)
    onefirm.done("lesson", "record", "Ask who signs.", "--why", "it took two weeks")
    onefirm.done("lesson", "decide", "L-1", "harden")
    assert (root / ".claude/rules/onefirm/general.md").exists()
    written = {"context/clients/acme/CLAUDE.md": "# Acme\n\nThey build kites.\n", "more.md": "More.\n"}
    lay(root, written)
    done = onefirm("uninstall", "--yes")
    assert done.code == 0, done.err
    assert files(root) == before | {name: text.encode() for name, text in written.items()}
    head = ["git", "-C", root, "log", "-1", "--format=%s"]
    assert subprocess.run(head, capture_output=True, text=True, check=True).stdout == "Begin the firm's workspace\n"


@pytest.mark.row("OPS-02")
def test_of_a_folder_that_onefirm_made_nothing_is_left_but_git(firm: Terminal) -> None:
    firm.done("uninstall", str(firm.root), "--yes")
    assert files(firm.root) == {}
    again = firm.done("uninstall", str(firm.root), "--yes")
    assert "nothing of onefirm" in again.err
    assert (firm.root / ".git").is_dir()


@pytest.mark.row("OPS-02")
def test_a_removal_that_was_cut_off_is_finished_by_the_next(firm: Terminal) -> None:
    (firm.root / "onefirm.yaml").unlink()
    (firm.root / "CLAUDE.md").unlink()
    firm.done("uninstall", "--yes")
    assert files(firm.root) == {}


@pytest.mark.row("OPS-02")
def test_what_was_changed_stays_and_so_does_the_line_that_imports_it(firm: Terminal) -> None:
    changed = firm.root / "context" / "CLAUDE.md"
    changed.write_text(changed.read_text() + "\nWe build kites.\n")
    done = firm.done("uninstall", "--yes")
    assert sorted(files(firm.root)) == ["CLAUDE.md", "context/CLAUDE.md"]
    assert "@context/CLAUDE.md" in (firm.root / "CLAUDE.md").read_text()
    assert "context/CLAUDE.md" in done.err


@pytest.mark.row("OPS-02")
def test_of_shipped_files_stay_the_lines_that_were_written_and_nothing_that_leads_to_what_is_gone(
    firm: Terminal,
) -> None:
    firm.done("record", "create", "client", "title=Acme")
    firm.done("context", "new", "CL-1", "they build kites")
    firm.done("context", "new", "context/legal", "what a contract has to say")
    firm.done("context", "new", "context/sales/fairs.md", "where we were seen")
    sales, knowledge, root = (firm.root / f"context/{path}CLAUDE.md" for path in ("sales/", "knowledge/", ""))
    sales.write_text(sales.read_text().replace("\n", "\r\n"))
    knowledge.write_text(knowledge.read_text().replace("its words", "the words of it"))
    root.write_text(root.read_text().replace("| see where everything stands | `brief_get` |", "| look | the wall |"))
    (firm.root / "context/finance/CLAUDE.md").write_text("# Finance\n")
    done = firm.done("uninstall", "--yes")
    left = {path: text.decode().replace("\r", "") for path, text in files(firm.root).items() if "/CLAUDE" in path}
    assert (
        left["context/CLAUDE.md"] == "| look | the wall |\n\n- [Legal](legal/CLAUDE.md): what a contract has to say\n"
    )
    assert left["context/clients/CLAUDE.md"] == "- [Acme](acme/CLAUDE.md): they build kites\n"
    assert left["context/sales/CLAUDE.md"] == "- [Fairs](fairs.md): where we were seen\n"
    assert left["context/knowledge/CLAUDE.md"].startswith("What we know that outlives a project: a trade and the words")
    assert "context/finance/CLAUDE.md" not in left
    assert "context/sales/proposal.md" not in files(firm.root)
    assert "brief_get" not in "".join(left.values())
    assert "kept context/clients/CLAUDE.md: you wrote in it\n" in done.err
    assert dangling(firm.root) == []


@pytest.mark.row("OPS-02")
def test_what_a_text_of_ones_own_links_to_stays_and_says_no_more_than_it_must(firm: Terminal) -> None:
    own = (
        "# Acme\n\nParent: [Clients](../CLAUDE.md)\n\nBy [our form](../../sales/proposal.md), [money](../../finance).\n"
    )
    lay(firm.root, {"context/clients/acme/CLAUDE.md": own})
    proposal = (firm.root / "context/sales/proposal.md").read_text()
    done = firm.done("uninstall", "--yes")
    left = {path: text.decode() for path, text in files(firm.root).items()}
    assert left == {
        "context/clients/acme/CLAUDE.md": own,
        "context/clients/CLAUDE.md": "# Clients\n",
        "context/finance/CLAUDE.md": "# Finance\n",
        "context/sales/proposal.md": proposal.replace("Parent: [Sales](CLAUDE.md)\n", ""),
    }
    assert "kept context/sales/proposal.md: context/clients/acme/CLAUDE.md links to it\n" in done.err
    assert dangling(firm.root) == []


def dangling(root: Path) -> list[str]:
    """Every link of a text to nothing, and every import."""
    texts = [(path, path.read_text()) for path in root.rglob("*.md")]
    found = [(path, to) for path, text in texts for to in re.findall(r"\]\(([^)]+)\)|^@(\S+)", text, re.MULTILINE)]
    return [f"{path}: {to}" for path, to in found if not (path.parent / "".join(to)).exists()]


@pytest.mark.row("OPS-02")
def test_it_shows_what_goes_and_removes_nothing_unasked(firm: Terminal) -> None:
    lay(firm.root, {".onefirm/backup/firm-2026-11-22.db": "a copy"})
    before = files(firm.root)
    refused = program("uninstall", firm.root, stdin=subprocess.DEVNULL)
    assert refused.returncode == 1
    for told in (".onefirm/", "onefirm.yaml", ".claude/rules/onefirm/general.md", "context/CLAUDE.md"):
        assert told in refused.stdout
    assert "1 backup of the firm's database" in refused.stderr
    assert "--yes" in refused.stderr
    assert files(firm.root).keys() == before.keys()


@pytest.mark.row("OPS-02")
def test_it_is_refused_in_claudes_shell_and_while_a_session_runs(
    firm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.start(str(firm.root), "client-1", "startup", str(firm.root), os.getpid())
    assert "A session runs" in firm("uninstall", "--yes").err
    monkeypatch.setenv("CLAUDECODE", "1")
    assert "operator's own decision" in firm("uninstall", "--yes").err
    assert (firm.root / ".onefirm" / "firm.db").exists()


@pytest.mark.row("OPS-02")
def test_a_session_that_nobody_can_end_is_in_nobodys_way(firm: Terminal) -> None:
    identity.bind(str(firm.root), "client-1")
    firm.done("uninstall", "--yes")
    assert files(firm.root) == {}


@pytest.mark.row("OPS-02")
def test_nothing_behind_a_link_and_nothing_of_another_folder_is_touched(firm: Terminal, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(firm.root / "context", elsewhere)
    (firm.root / "context").mkdir()
    for path in list(elsewhere.glob("*.md")):
        (firm.root / "context" / path.name).symlink_to(path)
    before = files(elsewhere)
    firm.done("uninstall", "--yes")
    assert files(elsewhere) == before
    lay(tmp_path / "other", OWN)
    assert "nothing of onefirm" in firm.done("uninstall", str(tmp_path / "other"), "--yes").err
    assert files(tmp_path / "other").keys() == OWN.keys()
