"""Making a workspace: what is refused, what is kept, what is told."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.terminal import Terminal
from support.unmeasured import not_measured


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--currency", "EURO"), "--currency"),
        (("--name", "Two\nlines"), "--name"),
        (("--name", ""), "--name"),
        (("--timezone", "Europe/Berln"), "Europe/Berlin"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_made(tmp_path: Path, words: tuple[str, str], told: str) -> None:
    refused = Terminal(tmp_path)("init", str(tmp_path / "firm"), *words)
    assert refused.code == 1
    assert told in refused.err
    assert not (tmp_path / "firm").exists()


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize("folder", ["", "/proc/firm"])
def test_a_folder_that_is_none_is_refused_with_a_sentence(tmp_path: Path, folder: str) -> None:
    refused = Terminal(tmp_path)("init", folder)
    assert refused.code == 1
    assert "DIR is empty" in refused.err or "can't be made" in refused.err


@pytest.mark.row("OPS-01")
def test_own_files_are_kept_and_what_they_lack_is_told(tmp_path: Path) -> None:
    root = tmp_path / "my firm"
    (root / ".claude").mkdir(parents=True)
    (root / "CLAUDE.md").write_text("# Mine\n")
    (root / ".claude" / "settings.json").write_text("{}")
    (root / "notes.md").write_text("mine")
    made = Terminal(tmp_path).done("init", str(root), "--currency", "usd")
    assert "@context/CLAUDE.md" in made.err
    assert "permissions" in made.err
    assert "kept as they were: CLAUDE.md, .claude/settings.json" in made.out
    told = ["git", "show", "--name-only", "--format=", "HEAD"]
    committed = subprocess.run(told, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    line = next(line for line in made.out.splitlines() if "committed exactly these" in line)
    assert sorted(committed) == sorted(line.partition(": ")[2].split(", "))
    assert "CLAUDE.md" not in committed
    assert (root / "CLAUDE.md").read_text() == "# Mine\n"
    assert f"cd '{root}'" in made.out
    assert json.loads(Terminal(root).done("brief", "--json").out)
    assert 'currency: "USD"' in (root / "onefirm.yaml").read_text()


@pytest.mark.row("OPS-01")
def test_nothing_is_written_through_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "firm"
    root.mkdir()
    (root / "CLAUDE.md").symlink_to(tmp_path / "elsewhere.md")
    assert "CLAUDE.md is yours and was kept" in Terminal(tmp_path).done("init", str(root)).err
    assert not (tmp_path / "elsewhere.md").exists()


@pytest.mark.row("OPS-01")
def test_a_new_tree_holds_no_notes_about_the_template(tmp_path: Path) -> None:
    root = Path(Terminal(tmp_path).data("init", str(tmp_path / "firm"))["root"])
    texts = [path.read_text() for path in (root / "context").rglob("*.md")]
    assert len(texts) > 5
    assert not [text for text in texts if "<!--" in text or "\n\n\n" in text]


@pytest.mark.row("OPS-01")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        not_measured("a folder that may not be written, because root may: run the tests as another user")
    tmp_path.chmod(0o500)
    refused = Terminal(Path("/"))("init", str(tmp_path / "firm"))
    tmp_path.chmod(0o700)
    assert refused.code == 1
    assert "can't be made: Permission denied" in refused.err


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize("name", ["context", ".claude", ".onefirm", "context/clients"])
@pytest.mark.parametrize("what", ["a folder elsewhere", "nothing", "a file"])
def test_a_folder_that_is_none_of_the_workspaces_is_told_before_anything_is_made(
    tmp_path: Path, name: str, what: str
) -> None:
    if (name, what) == (".onefirm", "a folder elsewhere"):
        return  # the operator's own choice: nothing of it is ever committed
    root, elsewhere = tmp_path / "firm", tmp_path / "elsewhere"
    (root / name).parent.mkdir(parents=True)
    (root / name).write_text("mine") if what == "a file" else (root / name).symlink_to(elsewhere)
    if what == "a folder elsewhere":
        elsewhere.mkdir()
    before = sorted(root.rglob("*"))
    refused = Terminal(tmp_path)("init", str(root))
    assert refused.code == 1
    assert f"{name} is " in refused.err
    assert "Nothing was made" in refused.err
    assert "bug" not in refused.err
    assert sorted(root.rglob("*")) == before
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


@pytest.mark.row("OPS-01")
def test_files_behind_a_link_are_kept_and_not_told_as_committed(tmp_path: Path) -> None:
    root = Path(Terminal(tmp_path).data("init", str(tmp_path / "firm"))["root"])
    (root / "context").rename(tmp_path / "elsewhere")
    (root / "context").symlink_to(tmp_path / "elsewhere")
    (root / ".git").rename(tmp_path / "git")
    again = Terminal(tmp_path).data("init", str(root))
    assert "context/CLAUDE.md" in again["kept"]
    told = ["git", "show", "--name-only", "--format=", "HEAD"]
    committed = subprocess.run(told, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(again["committed"]) == sorted(committed)
    assert not [path for path in committed if path.startswith("context")]


@pytest.mark.row("OPS-01")
def test_a_demo_firm_takes_no_lost_firms_place(tmp_path: Path) -> None:
    refused = Terminal(tmp_path)("init", str(tmp_path / "firm"), "--demo", "--anew")
    assert refused.code == 1
    assert "exclude each other" in refused.err
    assert not (tmp_path / "firm").exists()
