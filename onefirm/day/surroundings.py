"""What the doctor checks without the firm's database: programs, files, the guard's rules and sessions."""

from __future__ import annotations

import json
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from onefirm.core.clock import Clock
from onefirm.day import backups
from onefirm.sessions import db, identity
from onefirm.sessions.paths import told

Level = Literal["ok", "warn", "broken", "off"]
MEND = "onefirm doctor --fix"
_OLD_BACKUP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `fix` is a command to type, empty when there is nothing to do; `lines` show what is meant."""

    level: Level
    area: str
    what: str
    fix: str = ""
    lines: tuple[str, ...] = ()


def programs(_root: Path, _clock: Clock) -> Iterator[Finding]:
    """Python and git."""
    yield Finding("ok", "python", f"{sys.version.split()[0]} at {sys.executable}")
    git = shutil.which("git")
    if git is None:
        yield Finding("broken", "git", "git is not installed; narrative can't be committed", "install git")
        return
    version = subprocess.run([git, "--version"], capture_output=True, text=True, timeout=10, check=False)
    yield Finding("ok", "git", version.stdout.strip().removeprefix("git version "))


def repository(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Whether the workspace is still a repository, and whether git is kept away from `.onefirm/`."""
    if not (root / ".git").exists():
        what = "the workspace is no git repository: narrative isn't committed, and the ledger has no anchors"
        yield Finding("broken", "git", what, f"put .git back from a clone or a backup; else {_init(root)}")
    if (root / ".onefirm").is_dir() and not (root / ".onefirm" / ".gitignore").exists():
        yield Finding("broken", "git", ".onefirm/.gitignore is missing: git would take up the database", MEND)


def files(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Permissions and the disk."""
    if found := open_to_others(root / ".onefirm"):
        names = ", ".join(told(str(path.relative_to(root))) for path in found[:3])
        yield Finding("warn", "permissions", f"others on this machine may read {names}", MEND)
    free = shutil.disk_usage(root).free
    if free < 200 * 1024 * 1024:
        yield Finding("warn", "disk", f"only {free // 1024 // 1024} MB are free", "free some space")


def open_to_others(folder: Path) -> list[Path]:
    """What lies in a folder, itself included, and isn't its owner's alone. A link counts as what it is: nothing."""
    return [path for path in (folder, *folder.rglob("*")) if _mode(path) & 0o077]


def _mode(path: Path) -> int:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:  # a journal that a database removed meanwhile
        return 0
    return 0 if stat.S_ISLNK(found) else found


def instructions(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Whether Claude reads the firm's own tree: CLAUDE.md imports it."""
    path = root / "CLAUDE.md"
    if not path.is_file():
        what = "CLAUDE.md is missing: Claude doesn't read context/"
        yield Finding("warn", "narrative", what, f"git restore CLAUDE.md; if it never was there: {_init(root)}")
    elif "@context/CLAUDE.md" not in path.read_text(encoding="utf-8", errors="replace"):
        what = "CLAUDE.md doesn't import context/CLAUDE.md: Claude doesn't read it by itself"
        yield Finding("warn", "narrative", what, "add the line: @context/CLAUDE.md")
    if not (root / "context" / "CLAUDE.md").is_file():
        fix = f"git restore context/CLAUDE.md; if it never was there: {_init(root)}"
        yield Finding("warn", "narrative", "context/CLAUDE.md is missing", fix)


def links(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Links in the tree that lead nowhere: who writes through one writes somewhere else."""
    for path in (root / "CLAUDE.md", *(root / "context").rglob("*")):
        if path.is_symlink() and not path.exists():
            fix = f"rm {shlex.quote(str(path))}" if str(path).isprintable() else "remove that link"
            yield Finding("warn", "narrative", f"{told(str(path.relative_to(root)))} is a link to nothing", fix)


def _init(root: Path) -> str:
    return f"onefirm init {shlex.quote(str(root))}"


def rules(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Whether guard.json can be read at all; `doctor` holds it against the schema when there is one."""
    if guard_is_missing(root):
        yield Finding("broken", "guard", "guard.json is missing or damaged; narrative edits are refused", MEND)


def guard_is_missing(root: Path) -> bool:
    """Whether the guard has no rules to go by."""
    found = read_json(root / ".onefirm" / "guard.json")
    return not isinstance(found, dict) or "kinds" not in found


def sessions(root: Path, _clock: Clock) -> Iterator[Finding]:
    """Who is open, and who was left."""
    if not Path(db.path(str(root))).exists():
        return  # asking would make the file
    left = identity.to_close(str(root))
    if left:
        yield Finding("warn", "sessions", f"{counted(len(left), 'session')} ended unclosed", "onefirm session close")
    alive = [session for session in identity.open_sessions(str(root)) if session["alive"]]
    yield Finding("ok", "sessions", f"{len(alive)} open")


def copies(root: Path, clock: Clock) -> Iterator[Finding]:
    """How old the newest backup is."""
    known = backups.known(root)
    if known:
        days = int((clock.now().timestamp() - known[-1].stat().st_mtime) // 86400)
        yield Finding("ok", "backup", f"{counted(len(known), 'copy', 'copies')}, the newest {known[-1].name}")
        if days > _OLD_BACKUP_DAYS:
            yield Finding("warn", "backup", f"the newest is {days} days old", "onefirm session close")


Check = Callable[[Path, Clock], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    programs, repository, files, instructions, links, rules, sessions, copies,
)  # fmt: skip


def counted(number: int, one: str, many: str = "") -> str:
    """`1 session`, `3 sessions`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def read_json(path: Path) -> object:
    """What a JSON file holds; None when it can't be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
