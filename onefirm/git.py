"""Git, the only room that runs it: hardened, never prompting, never touching what it wasn't given.

Hooks, file-system monitors, pagers and signing of the operator's configuration are switched off for every call: they
may run programs, ask questions or take minutes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onefirm.core.errors import Refused, Unavailable

if TYPE_CHECKING:
    from git.cmd import Git

TIMEOUT_S = 60
_HARDENED = {
    "commit.gpgsign": "false",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "gc.auto": "0",
}
_FALLBACK_IDENTITY = ("onefirm", "onefirm@localhost")


def is_repository(root: Path) -> bool:
    """Whether the folder is the top of a git repository (a folder inside another one's tree is not)."""
    return (root / ".git").exists()


def init(root: Path) -> None:
    """Make the folder a repository with branch `main`. Raises Unavailable when git is missing or refuses."""
    _run(root, "init", "--quiet", "--initial-branch=main")


def head(root: Path) -> str | None:
    """The commit that is checked out; None before the first."""
    try:
        return _run(root, "rev-parse", "--verify", "--quiet", "HEAD") or None
    except Unavailable:
        return None


def commit_paths(root: Path, paths: Sequence[str], message: str, trailers: Sequence[tuple[str, str]]) -> str | None:
    """Commit the present state of exactly these paths, also new and deleted ones; the rest of the index stays as it is.

    Returns the new commit's id, None when none of the paths changed. Raises Refused during a merge or rebase, and
    Unavailable when git is missing, locked by another program or refuses.
    """
    _refuse_in_between(root)
    changed = _changed(root, paths)
    if not changed:
        return None
    new = [path for path in changed if (root / path).exists()]
    if new:
        _run(root, "add", "--intent-to-add", "--force", "--", *new)
    identity = _identity(root)
    lines = [word for name, value in trailers for word in ("--trailer", f"{name}: {value}")]
    _run(root, "commit", "--quiet", "--no-verify", "--only", "-m", message, *lines, "--", *changed, identity=identity)
    return head(root)


def commit_nothing(root: Path, message: str, trailers: Sequence[tuple[str, str]]) -> str | None:
    """Add a commit with the same files as the last one, only for its message; None before the first commit.

    Index and work tree aren't touched. Raises as `commit_paths`.
    """
    _refuse_in_between(root)
    parent = head(root)
    if parent is None:
        return None
    body = "\n".join(f"{name}: {value}" for name, value in trailers)
    words = ("commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", message, "-m", body)
    commit = _run(root, *words, identity=_identity(root))
    _run(root, "update-ref", "HEAD", commit, parent)
    return commit


def dirty_paths(root: Path, paths: Sequence[str] = ()) -> list[str]:
    """Paths that differ from the last commit, new ones included, relative to the repository's top."""
    text = _run(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", *paths)
    return [entry[3:] for entry in text.split("\0") if len(entry) > 3]


def trailers(root: Path, name: str, limit: int = 200) -> list[str]:
    """The values of a trailer in the newest commits, newest first; empty where there is no commit."""
    if not is_repository(root) or head(root) is None:
        return []
    text = _run(root, "log", f"--max-count={limit}", f"--format=%(trailers:key={name},valueonly)")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _changed(root: Path, paths: Sequence[str]) -> list[str]:
    wanted = [path for path in dict.fromkeys(paths) if not Path(path).is_absolute() and ".." not in Path(path).parts]
    if not wanted:
        return []
    # An ignored file that we are told to commit is committed all the same, so status must see it.
    text = _run(
        root, "status", "--porcelain", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames", "--",
        *(f":(top,literal){path}" for path in wanted),
    )  # fmt: skip
    changed = {entry[3:].rstrip("/") for entry in text.split("\0") if len(entry) > 3}
    return [path for path in wanted if path in changed]


def _refuse_in_between(root: Path) -> None:
    folder = root / ".git"
    marks = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
    if any((folder / mark).exists() for mark in marks):
        raise Refused(
            "The repository is in the middle of a merge or rebase; nothing was committed.",
            hint="Finish it (`git status`), then run `onefirm session close`.",
        )


def _identity(root: Path) -> dict[str, str]:
    """The operator's name and mail where git knows them, else a neutral pair, as configuration for one command."""
    found = [
        _configured(root, key) or fallback
        for key, fallback in zip(("user.name", "user.email"), _FALLBACK_IDENTITY, strict=True)
    ]
    return {"user.name": found[0], "user.email": found[1]}


def _configured(root: Path, key: str) -> str:
    try:
        return _run(root, "config", "--get", key)
    except Unavailable:
        return ""


def _run(root: Path, *words: str, identity: dict[str, str] | None = None) -> str:
    from git.exc import GitCommandError, GitCommandNotFound

    settings = [word for key, value in {**_HARDENED, **(identity or {})}.items() for word in ("-c", f"{key}={value}")]
    try:
        output: object = _git(root).execute(["git", *settings, *words], kill_after_timeout=TIMEOUT_S)
    except GitCommandNotFound:
        raise Unavailable("git is not installed.", hint="Install git, then run `onefirm doctor`.") from None
    except GitCommandError as error:
        raise _sentence(words[0], str(error.stderr)) from None
    return str(output).strip("\n")


def _git(root: Path) -> Git:
    from git.cmd import Git  # GitPython costs 90 ms: only what commits pays it

    git = Git(str(root))
    git.update_environment(GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", LC_ALL="C", GIT_EDITOR=os.devnull)
    return git


def _sentence(verb: str, said: str) -> Unavailable:
    words = " ".join(line.strip() for line in said.strip("' \n").removeprefix("stderr: '").splitlines() if line.strip())
    if "index.lock" in said:
        return Unavailable(
            "Another git command holds the repository's lock.",
            hint="Wait for it; if none runs, remove .git/index.lock. Then run `onefirm session close`.",
        )
    return Unavailable(f"git {verb} refused: {words[:300] or 'no reason given'}.", hint="Look with `git status`.")
