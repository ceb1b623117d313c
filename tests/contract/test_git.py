"""Git as the workspace uses it: exactly the given paths, the operator's own work untouched, nothing run or asked."""

import subprocess
from pathlib import Path

import pytest

from onefirm import git
from onefirm.core.errors import InvalidInput, Refused, Unavailable


class Work:
    """A repository with one commit, and a second hand that works in it as the operator does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        git.init(root)
        self.write("a.md", "one\n")
        self.write("b.md", "one\n")
        git.commit_paths(root, ["a.md", "b.md"], "Begin", [])

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def run(self, *arguments: str) -> str:
        named = ("-c", "user.name=Operator", "-c", "user.email=operator@example.com")
        done = subprocess.run(["git", *named, *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        return done.stdout

    def files(self, commit: str = "HEAD") -> list[str]:
        return self.run("show", "--format=", "--name-status", commit).replace("\t", " ").splitlines()

    def status(self) -> list[str]:
        return self.run("status", "--porcelain").splitlines()


@pytest.fixture
def work(tmp_path: Path) -> Work:
    root = tmp_path / "firm"
    root.mkdir()
    return Work(root)


def test_a_new_repository_begins_on_main_and_has_no_head(tmp_path: Path) -> None:
    assert not git.is_repository(tmp_path)
    git.init(tmp_path)
    assert git.is_repository(tmp_path)
    assert git.head(tmp_path) is None
    assert (tmp_path / ".git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert git.trailers(tmp_path, "Ledger-Head") == []


def test_exactly_the_given_paths_are_committed_new_changed_and_deleted(work: Work) -> None:
    work.write("a.md", "two\n")
    (work.root / "b.md").unlink()
    work.write("context/säge `x`.md", "new\n")
    work.write("other.md", "not asked for\n")
    commit = git.commit_paths(work.root, ["a.md", "b.md", "context/säge `x`.md", "absent.md"], "Close a session", [])
    assert commit == git.head(work.root)
    assert sorted(name[0] for name in work.files()) == ["A", "D", "M"]
    assert work.status() == ["?? other.md"]


def test_what_the_operator_has_staged_or_changed_stays_as_it_is(work: Work) -> None:
    work.write("staged.md", "staged\n")
    work.run("add", "staged.md")
    work.write("b.md", "changed, not staged\n")
    work.write("a.md", "two\n")
    git.commit_paths(work.root, ["a.md"], "Close a session", [])
    assert work.files() == ["M a.md"]
    assert work.status() == [" M b.md", "A  staged.md"]


def test_the_first_commit_takes_only_its_paths_too(tmp_path: Path) -> None:
    git.init(tmp_path)
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("x")
    subprocess.run(["git", "add", "b.md"], cwd=tmp_path, check=True)
    assert git.commit_paths(tmp_path, ["a.md"], "Begin", [])
    assert git.dirty_paths(tmp_path) == ["b.md"]


def test_nothing_to_commit_makes_no_commit(work: Work) -> None:
    before = git.head(work.root)
    assert git.commit_paths(work.root, ["a.md", "absent.md"], "Nothing", []) is None
    assert git.commit_paths(work.root, [], "Nothing", []) is None
    assert git.head(work.root) == before


def test_ignored_files_and_the_hidden_folder_are_never_committed(work: Work) -> None:
    work.write(".gitignore", "private/\n")
    work.write("private/x.md", "x")
    work.write(".onefirm/secrets.json", "{}")
    git.commit_paths(work.root, [".gitignore", "private/x.md", ".onefirm/secrets.json"], "Close", [])
    assert work.files() == ["A .gitignore"]


def test_a_path_is_no_pattern(work: Work) -> None:
    work.write("a.md", "two\n")
    assert git.commit_paths(work.root, ["*.md", ":/a.md", ":!b.md", "-A"], "Close", []) is None


@pytest.mark.parametrize("path", ["../x.md", "/etc/passwd", "a/../../x", ".git/config", "", "a\0b"])
def test_a_path_outside_the_workspace_is_refused(work: Work, path: str) -> None:
    with pytest.raises(InvalidInput, match="no path inside the workspace"):
        git.commit_paths(work.root, [path], "Close", [])


def test_a_thousand_paths_go_into_one_commit(work: Work) -> None:
    paths = [f"context/{number:04}-{'x' * 120}.md" for number in range(1_000)]
    for path in paths:
        work.write(path, "x")
    git.commit_paths(work.root, paths, "Close", [])
    assert len(work.files()) == 1_000


def test_trailers_come_back_from_every_branch_and_only_whole_ones(work: Work) -> None:
    heads = [f"laptop:{number}:{'ab' * 32}" for number in (7, 9)]
    work.write("a.md", "two\n")
    git.commit_paths(
        work.root, ["a.md"], "Close\n\nLedger-Head: not: a trailer here\n\nmore", [("Ledger-Head", heads[0])]
    )
    work.run("switch", "-c", "aside")
    git.commit_nothing(work.root, "Close", [("Ledger-Head", heads[1]), ("Other", "x")])
    work.run("switch", "main")
    assert sorted(git.trailers(work.root, "Ledger-Head")) == heads
    with pytest.raises(InvalidInput):
        git.trailers(work.root, "x,only)%n%(body")
    with pytest.raises(InvalidInput):
        git.commit_nothing(work.root, "Close", [("Ledger-Head", "a\nSigned-off-by: someone")])


def test_a_commit_of_nothing_leaves_files_and_index_alone(work: Work) -> None:
    work.write("b.md", "changed\n")
    work.run("add", "b.md")
    before = git.head(work.root)
    made = git.commit_nothing(work.root, "Close", [("Ledger-Head", "laptop:1:" + "0" * 64)])
    assert made == git.head(work.root) != before
    assert work.files() == []
    assert work.status() == ["M  b.md"]


def test_the_operators_identity_is_kept_and_a_missing_one_replaced(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    work.write("a.md", "nobody's\n")
    git.commit_paths(work.root, ["a.md"], "Close", [])
    assert work.run("log", "-1", "--format=%an <%ae>").strip() == "onefirm <onefirm@localhost>"
    work.run("config", "user.name", "Ada Example")
    work.run("config", "user.email", "ada@example.com")
    work.run("config", "user.useConfigOnly", "true")
    work.write("a.md", "two\n")
    git.commit_paths(work.root, ["a.md"], "Close", [])
    assert work.run("log", "-1", "--format=%an <%ae>").strip() == "Ada Example <ada@example.com>"


def test_no_program_of_the_repositorys_configuration_runs(work: Work, tmp_path: Path) -> None:
    trap, mark = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit 1\n")
    trap.chmod(0o755)
    hooks = work.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in (
        "pre-commit",
        "commit-msg",
        "prepare-commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
    ):
        (hooks / hook).symlink_to(trap)
    settings = {
        "core.fsmonitor": trap, "core.editor": trap, "core.pager": trap, "gpg.program": trap, "commit.gpgSign": "true",
        "log.showSignature": "true", "trailer.Ledger-Head.command": trap, "core.askPass": trap, "core.hooksPath": hooks,
        "sequence.editor": trap, "diff.external": trap,
    }  # fmt: skip
    for name, given in settings.items():
        work.run("config", name, str(given))
    mark.unlink(missing_ok=True)
    work.write("a.md", "two\n")
    assert git.commit_paths(work.root, ["a.md"], "Close", [("Ledger-Head", "laptop:1:" + "0" * 64)])
    assert git.commit_nothing(work.root, "Close", [("Ledger-Head", "laptop:2:" + "0" * 64)])
    assert len(git.trailers(work.root, "Ledger-Head")) == 2
    assert git.dirty_paths(work.root) == []
    assert not mark.exists()


def test_the_environment_of_a_git_hook_does_not_lead_astray(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git.init(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    work.write("a.md", "two\n")
    assert git.commit_paths(work.root, ["a.md"], "Close", [])
    monkeypatch.undo()
    assert git.head(other) is None
    assert work.files() == ["M a.md"]


def test_during_a_merge_nothing_is_committed_and_the_reason_told(work: Work) -> None:
    work.run("switch", "-c", "aside")
    work.write("a.md", "aside\n")
    work.run("commit", "-am", "aside")
    work.run("switch", "main")
    work.write("a.md", "main\n")
    work.run("commit", "-am", "main")
    work.run("merge", "aside")
    work.write("b.md", "two\n")
    for commit in (
        lambda: git.commit_paths(work.root, ["b.md"], "x", []),
        lambda: git.commit_nothing(work.root, "x", []),
    ):
        with pytest.raises(Refused, match="a merge is under way"):
            commit()


def test_without_a_branch_nothing_is_committed(work: Work) -> None:
    work.run("switch", "--detach")
    work.write("a.md", "two\n")
    with pytest.raises(Refused, match="no branch is checked out"):
        git.commit_paths(work.root, ["a.md"], "x", [])


def test_outside_a_repository_nothing_is_committed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not a git repository"):
        git.commit_paths(tmp_path, ["a.md"], "x", [])
    assert git.head(tmp_path) is None


def test_a_lock_that_stays_is_told_with_what_to_do(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "_LOCK_PAUSE_S", 0.01)
    work.write("a.md", "two\n")
    work.write("new.md", "new\n")
    (work.root / ".git/index.lock").touch()
    with pytest.raises(Unavailable, match="holds the workspace's index") as error:
        git.commit_paths(work.root, ["a.md", "new.md"], "x", [])
    assert "remove .git/index.lock" in error.value.hint
    (work.root / ".git/index.lock").unlink()
    assert git.commit_paths(work.root, ["a.md", "new.md"], "x", [])


def test_git_that_is_missing_or_slow_is_told(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin/git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(git, "TIMEOUT_S", 0.3)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    with pytest.raises(Unavailable, match="did not answer"):
        git.dirty_paths(work.root)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="git is not installed"):
        git.dirty_paths(work.root)


def test_a_failed_commit_does_not_leave_new_files_announced(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    work.write("new.md", "x")
    (work.root / ".git/refs/heads/main.lock").touch()
    monkeypatch.setattr(git, "_LOCK_PAUSE_S", 0.01)
    with pytest.raises(Unavailable):
        git.commit_paths(work.root, ["new.md"], "x", [])
    assert work.status() == ["?? new.md"]
