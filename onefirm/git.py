"""Git, and the only room that runs it: no hook, no prompt, no pager, no signing, no network, and a deadline.

A commit takes exactly the paths that it is given. What the operator has staged or changed beside them stays as it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onefirm.core.errors import InvalidInput, Refused, Unavailable

TIMEOUT_S = 30.0
_LOCK_TRIES = 5
_LOCK_PAUSE_S = 0.3
_PATHS_AT_ONCE = 200
_HIDDEN = ".onefirm"
_MISSING = "git is not installed, or not on PATH."
_MISSING_HINT = "Install git, then try again."
_BRANCH = "refs/heads/main"
_MOST_LOOSE = 1_000  # objects that lie by themselves, until they are packed
_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "commit.gpgSign=false",
    "commit.template=",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
# Set when onefirm is started by a hook or an alias of git; they would point us at another repository or index.
_INHERITED = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
)  # fmt: skip
_UNDER_WAY: Mapping[str, str] = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}


@dataclass(frozen=True, slots=True)
class _Ran:
    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A commit by its message and its time (Unix seconds)."""

    message: str
    at: int


def init(root: Path) -> None:
    """Make a repository at `root`; its first branch is the operator's default, else `main`."""
    branch = () if _run(root, "config", "--get", "init.defaultBranch").out.strip() else ("--initial-branch=main",)
    _checked(root, "init", "--quiet", *branch)


def is_repository(root: Path) -> bool:
    """Whether the folder is the top of a git work tree (a folder somewhere inside one is not)."""
    return (root / ".git").exists()


def head(root: Path) -> str | None:
    """The newest commit's id; None before the first one, or without a repository."""
    found = _run(root, "rev-parse", "--verify", "--quiet", "HEAD")
    return found.out.strip() if found.status == 0 else None


def dirty_paths(root: Path, paths: Sequence[str] = ()) -> list[str]:
    """Paths (POSIX, from `root`) that differ from the newest commit, new ones included, ignored ones not."""
    return sorted(path for _, path in _status(root, paths))


def unknown(root: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths (POSIX, from `root`) that the newest commit doesn't hold."""
    if head(root) is None:
        return list(paths)
    told = _checked(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", "--", *paths) if paths else None
    held = set(told.out.split("\0")) if told else set[str]()
    return [path for path in paths if path not in held]


def changed_in(root: Path, commit: str) -> list[str]:
    """The paths (POSIX, from `root`) that a commit changed."""
    told = _checked(root, "diff-tree", "--root", "--no-commit-id", "--no-renames", "--name-only", "-r", "-z", commit)
    return [path for path in told.out.split("\0") if path]


def trailers(root: Path, name: str) -> list[str]:
    """The values of a trailer in every commit that any branch, tag or remote knows, newest first."""
    if not _TRAILER.fullmatch(name):
        raise InvalidInput(f"“{name[:40]}” is no trailer's name.")
    if not is_repository(root):
        return []
    told = _checked(root, "log", "--all", f"--format=%(trailers:key={name},valueonly,unfold,separator=%x0A)")
    return [value.strip() for value in told.out.splitlines() if value.strip()]


def commit_paths(
    root: Path, paths: Sequence[str], message: str, trailers: Sequence[tuple[str, str]] = ()
) -> str | None:
    """Commit these paths (POSIX, from `root`; new and deleted ones too) and nothing else; None if they hold no change.

    1. Refuse what can't be committed rightly: no repository, a merge or rebase under way, no branch.
    2. Find which of the paths differ; ignored ones and `.onefirm/` never do.
    3. Announce new ones to the index, else git would not know them as paths.
    4. Commit with `--only`: git builds the commit beside the operator's index.

    Raises InvalidInput for a path outside, Refused with the reason when the commit should wait, Unavailable for git's
    own failures.
    """
    wanted = list(dict.fromkeys(_inside(path) for path in paths if PurePosixPath(path).parts[:1] != (_HIDDEN,)))
    if not wanted:
        return None
    _check_ready(root)
    changed = [entry for batch in _batches(wanted) for entry in _status(root, batch)]
    if not changed:
        return None
    for state, path in changed:
        if "U" in state or state in {"AA", "DD"}:
            raise Refused(f"Nothing was committed: {path} is in conflict.", hint="Resolve it, then commit.")
    new = [path for state, path in changed if state == "??"]
    said = _message(message, trailers)
    with _listed(new) as news, _listed([path for _, path in changed]) as every:
        if new:
            _patiently(root, "add", "--intent-to-add", f"--pathspec-from-file={news}", "--pathspec-file-nul")
        try:
            _patiently(
                root, *_identity(root), "commit", "--only", "--quiet", "--no-verify", "--cleanup=verbatim",
                f"--message={said}", f"--pathspec-from-file={every}", "--pathspec-file-nul",
            )  # fmt: skip
        except Unavailable:
            if new:
                _run(root, "rm", "--cached", "--quiet", f"--pathspec-from-file={news}", "--pathspec-file-nul")
            raise
    return head(root)


def commit_nothing(root: Path, message: str, trailers: Sequence[tuple[str, str]]) -> str | None:
    """Add a commit with the same files as the last one, for its message alone; None before the first commit.

    Index and work tree aren't touched. Raises as `commit_paths`.
    """
    _check_ready(root)
    parent = head(root)
    if parent is None:
        return None
    said = _message(message, trailers)
    made = _checked(root, *_identity(root), "commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", said).out.strip()
    # With the old value named, a commit that came in between makes this fail instead of being lost.
    _patiently(root, "update-ref", "HEAD", made, parent)
    return made


def make_store(place: Path) -> None:
    """Make a repository without a work tree, for `keep`, that nobody else on this machine may read."""
    private = ("--template=", "--shared=0600", "--initial-branch=main")
    _checked(place.parent, "init", "--bare", "--quiet", *private, place.name)
    place.chmod(0o700)


def keep(place: Path, files: Mapping[str, str], message: str, at: int) -> None:
    """Commit exactly these files (text by name) to a repository without a work tree, whole or not at all.

    `at` (seconds of Unix time) is when. Only one process may do so at a time. Raises Unavailable.
    """
    for left in (*place.rglob("*.lock"), place / "gc.pid"):  # of a process that was killed: nobody else writes here
        left.unlink(missing_ok=True)
    with tempfile.TemporaryFile() as stream:
        stream.writelines(_as_stream(files, message, at, _held(place)))
        stream.seek(0)
        loose = ("-c", "fastimport.unpackLimit=100")  # whatever the operator's is: what is counted below
        _checked(place, "--git-dir=.", *loose, "fast-import", "--quiet", "--date-format=raw", given=stream.fileno())
    # One of 256 folders, as git itself estimates: it is no use to start it each time.
    if sum(1 for _ in place.glob("objects/17/*")) > _MOST_LOOSE // 256:
        packing = (f"gc.auto={_MOST_LOOSE}", "gc.autoDetach=false")
        # Where it fails, what was to be kept is kept all the same, and the next time tries again.
        _run(place, "--git-dir=.", *(part for one in packing for part in ("-c", one)), "gc", "--auto", "--quiet")


def kept(place: Path) -> Kept | None:
    """The newest commit of a repository without a work tree; None before the first. Raises Unavailable for one that
    can't be read.
    """
    if not place.is_dir():
        return None
    ran = _checked(place, "--git-dir=.", "for-each-ref", "--format=%(committerdate:unix)%0a%(contents)", _BRANCH)
    if ran.err.strip():
        raise _failed(ran)  # a damaged branch is only warned of, and would look like none
    at, _, message = ran.out.partition("\n")
    return Kept(message, int(at)) if at else None


def count(place: Path) -> int:
    """How many commits there are in a repository without a work tree that has one. Raises Unavailable."""
    return int(_checked(place, "--git-dir=.", "rev-list", "--count", _BRANCH).out)


def _held(place: Path) -> dict[str, str] | None:
    """The files of the newest commit in a repository without a work tree, with their ids; None before the first."""
    if kept(place) is None:
        return None
    told = _checked(place, "--git-dir=.", "ls-tree", "-z", _BRANCH).out  # mode, type and id, a tab, the path
    every = (entry.partition("\t") for entry in told.split("\0") if entry)
    return {path: about.rpartition(" ")[2] for about, _, path in every}


def _as_stream(files: Mapping[str, str], message: str, at: int, held: Mapping[str, str] | None) -> Iterator[bytes]:
    """A commit as `fast-import` reads it: what it has beside the one before, which holds these files."""
    yield f"commit {_BRANCH}\ncommitter onefirm <onefirm@localhost> {at} +0000\n".encode()
    yield _data(message.encode("utf-8", "replace"))
    yield b"" if held is None else f"from {_BRANCH}^0\n".encode()
    known = held or {}
    yield from (f"D {name}\n".encode() for name in known if name not in files)
    for name, text in sorted(files.items()):
        raw = text.encode("utf-8", "replace")
        if not _is_same(raw, known.get(name, "")):
            yield f"M 100644 inline {name}\n".encode()
            yield _data(raw)


def _is_same(raw: bytes, id_: str) -> bool:
    """Whether this is the content that git calls so."""
    named = b"blob %d\0" % len(raw) + raw
    return id_ == (hashlib.sha256(named) if len(id_) > 40 else hashlib.sha1(named, usedforsecurity=False)).hexdigest()


def _data(raw: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(raw), raw)


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "\\")) or ".." in parts or "\0" in path or ".git" in parts:
        raise InvalidInput(f"“{path[:80]}” is no path inside the workspace.")
    return PurePosixPath(path).as_posix()


def _check_ready(root: Path) -> None:
    if not is_repository(root):
        raise _no_repository(root)
    folder = Path(_checked(root, "rev-parse", "--absolute-git-dir").out.rstrip("\n"))
    for mark, what in _UNDER_WAY.items():
        if (folder / mark).exists():
            raise Refused(f"Nothing was committed: {what} is under way.", hint="Finish it; the next close commits.")
    if _run(root, "symbolic-ref", "--quiet", "HEAD").status:
        raise Refused("Nothing was committed: no branch is checked out.", hint="`git switch main`, then close again.")


def _status(root: Path, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Two letters (git's porcelain form) and path of whatever differs."""
    told = _checked(root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *paths)
    return [(entry[:2], entry[3:]) for entry in told.out.split("\0") if len(entry) > 3]


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[start : start + _PATHS_AT_ONCE] for start in range(0, len(paths), _PATHS_AT_ONCE))


class _listed:  # noqa: N801
    """A file of paths for git to read: argument lists are too short for a whole context tree."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def __enter__(self) -> str:
        descriptor, self._name = tempfile.mkstemp(prefix="onefirm-paths-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\0".join(os.fsencode(path) for path in self._paths))
        return self._name

    def __exit__(self, *_: object) -> None:
        Path(self._name).unlink(missing_ok=True)


def _message(message: str, trailers: Sequence[tuple[str, str]]) -> str:
    lines: list[str] = []
    for name, value in trailers:
        if not _TRAILER.fullmatch(name) or "\n" in value:
            raise InvalidInput(f"“{name[:40]}” is no trailer.")
        lines.append(f"{name}: {value}")
    text = message.replace("\0", "").strip()
    return "\n\n".join(part for part in (text, "\n".join(lines)) if part) + "\n"


def _identity(root: Path) -> list[str]:
    """Settings for whichever half of the operator's identity git does not know."""
    fallback = {"user.name": "onefirm", "user.email": "onefirm@localhost"}
    missing = [name for name in fallback if not _run(root, "config", "--get", name).out.strip()]
    return [part for name in missing for part in ("-c", f"{name}={fallback[name]}")]


def _patiently(root: Path, *arguments: str) -> _Ran:
    """Run, and wait a moment for another git command that holds a lock."""
    ran = _run(root, *arguments)
    for _ in range(_LOCK_TRIES):
        if ".lock" not in ran.err:
            break
        time.sleep(_LOCK_PAUSE_S)
        ran = _run(root, *arguments)
    if ran.status:
        raise _failed(ran)
    return ran


def _checked(root: Path, *arguments: str, given: int | None = None) -> _Ran:
    ran = _run(root, *arguments, given=given)
    if ran.status:
        raise _failed(ran)
    return ran


def _run(root: Path, *arguments: str, given: int | None = None) -> _Ran:
    try:
        from git import Git, GitCommandNotFound  # 70 ms: paid only by who uses git
    except ImportError as error:  # GitPython looks for git when it is imported
        raise Unavailable(_MISSING, hint=_MISSING_HINT) from error
    settings = (part for setting in _SETTINGS for part in ("-c", setting))
    unset = [part for name in _INHERITED if name in os.environ for part in ("-u", name)]
    try:
        status, out, err = Git(str(root)).execute(
            [*(["env", *unset] if unset else []), "git", *settings, *arguments],
            with_extended_output=True,
            with_exceptions=False,
            strip_newline_in_stdout=False,
            kill_after_timeout=TIMEOUT_S,
            env=_ENVIRONMENT,
            istream=given,
        )
    except GitCommandNotFound as error:
        raise Unavailable(_MISSING, hint=_MISSING_HINT) from error
    return _Ran(status, _text(out), _text(err))


def _text(given: str | bytes) -> str:
    return given if isinstance(given, str) else os.fsdecode(given)


def _no_repository(root: Path) -> Refused:
    return Refused(f"{root} is not a git repository of its own.", hint="Run `onefirm init` there: it makes one.")


def _failed(ran: _Ran) -> Unavailable:
    words = next((line for line in ran.err.splitlines() if line.strip()), f"exit code {ran.status}")
    for mark, message, hint in _FAILURES:
        if mark in ran.err:
            return Unavailable(message, hint=hint)
    return Unavailable(f"git failed: {words[:200]}", hint="`git status` in the workspace tells more.")


_FAILURES = (
    ("index.lock", "Another git command holds the workspace's index.",
     "Try again; if no git is running, one has died: remove .git/index.lock."),
    (".lock': File exists", "Another git command holds a lock in the workspace.",
     "Try again; if no git is running, one has died: remove the lock that `git status` names."),
    ("dubious ownership", "git refuses the workspace: its folder belongs to another user.",
     "Make it yours (`chown`), or name it in git's safe.directory."),
    ("Timeout:", f"git did not answer within {TIMEOUT_S:.0f} seconds.", "Check the disk, then try again."),
    ("Permission denied", "git may not write in the workspace.", "Check who owns .git/ and its permissions."),
    ("No space left", "The disk is full; nothing was committed.", "Free some space, then try again."),
    ("Out of diskspace", "The disk is full; nothing was committed.", "Free some space, then try again."),
)  # fmt: skip
