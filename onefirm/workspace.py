"""Making and mending a workspace: the folder of one firm. Nothing that exists is ever overwritten."""

from __future__ import annotations

import json
import os
import re
import secrets as randomness
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import available_timezones

from onefirm import git, settings, shipped
from onefirm.core.attribution import OPERATOR, By
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Unavailable
from onefirm.ledger.append import Ledger
from onefirm.narrative.compile import compile_guard, write_guard
from onefirm.secrets import Secrets
from onefirm.sessions import db
from onefirm.sessions import root as roots
from onefirm.settings import FILE, Settings
from onefirm.state import schema as schemas
from onefirm.store.engine import Store, sqlite_path
from onefirm.store.migrate import migrate

HIDDEN = ".onefirm"
_READS = ("brief_get", "record_find", "record_get", "decision_find", "memory_recall", "ledger_trace")


@dataclass(slots=True)
class Report:
    """What `init` made and what it found in place, as paths relative to the workspace."""

    root: Path
    made: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator said; everything else is inferred."""

    firm: str | None = None
    timezone: str | None = None
    currency: str | None = None


def find_root(start: Path) -> Path:
    """The workspace at or above a folder. Raises NotFound."""
    found = roots.find(str(start))
    if found is None:
        raise NotFound(f"There is no workspace at or above {start}.", hint="Make one: `onefirm init DIR`.")
    return Path(found)


def database_url(root: Path, store: str, secrets: Secrets) -> str:
    """The SQLAlchemy URL that the `store` setting means. Raises NotFound for a secret that isn't there."""
    if store == "sqlite":
        return f"sqlite:///{root / HIDDEN / 'firm.db'}"
    if not store.startswith("secret:"):
        return store
    name = store.removeprefix("secret:")
    found = secrets.get(name)
    if found is None:
        raise NotFound(f"The secret “{name}” of `store:` is not set.", hint=f"Run `onefirm secret set {name}`.")
    return found.reveal()


def installation(root: Path) -> str:
    """This installation's chain id. Raises NotFound when the workspace was never initialised here."""
    try:
        return str(json.loads((root / HIDDEN / "installation.json").read_text(encoding="utf-8"))["chain_id"])
    except FileNotFoundError:
        raise NotFound(
            f"{root} has an {FILE} but was not initialised on this machine.", hint=f"Run `onefirm init {root}`."
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(
            f"{root / HIDDEN / 'installation.json'} can't be read: {error}.", hint="Run `onefirm doctor --fix`."
        ) from None


def init(target: Path, wishes: Wishes, clock: Clock | None = None) -> Report:
    """Make a workspace of a folder, or report that it is one already.

    1. The folder, its git repository, onefirm.yaml, CLAUDE.md, context/, .claude/settings.json: each only if missing.
    2. `.onefirm/`: installation, database, chain, schema, guard, session.db.
    3. One commit of exactly the files made here.

    Every step can be repeated, so an init that was cut off is finished by the next one. Raises InvalidInput for a
    file, or inside another workspace.
    """
    root = target.resolve()
    _refuse_nested(root)
    report = Report(root)
    _lay_files(report, wishes)
    prepare(report, clock or SystemClock())
    _commit(report)
    return report


def _refuse_nested(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise InvalidInput(f"{root} is a file.", hint="Name a folder.")
    outer = roots.find(str(root.parent))
    if outer and not (root / FILE).exists():
        raise InvalidInput(f"{root} lies inside the workspace {outer}.", hint="Choose a folder outside of it.")


# -- files -------------------------------------------------------------------------------------------------------------


def _lay_files(report: Report, wishes: Wishes) -> None:
    report.root.mkdir(parents=True, exist_ok=True)
    if not git.is_repository(report.root):
        git.init(report.root)
        report.made.append(".git/")
    for path, text in _texts(report.root, wishes):
        _lay(report, path, text)


def _texts(root: Path, wishes: Wishes) -> Iterator[tuple[str, str]]:
    firm = wishes.firm or _title(root.name)
    yield FILE, _settings_text(firm, wishes)
    yield "CLAUDE.md", f"# {firm}\n\n@context/CLAUDE.md\n"
    tree = shipped.path() / "context"
    for source in sorted(tree.rglob("*.md")):
        yield f"context/{source.relative_to(tree).as_posix()}", source.read_text(encoding="utf-8")
    yield ".claude/settings.json", json.dumps(_claude_settings(), indent=2) + "\n"


def _lay(report: Report, path: str, text: str) -> None:
    target = report.root / path
    if target.exists():
        report.kept.append(path)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    report.made.append(path)


def _title(folder: str) -> str:
    words = re.sub(r"[-_.\s]+", " ", folder).strip()
    return words[:1].upper() + words[1:] or "My firm"


def _settings_text(firm: str, wishes: Wishes) -> str:
    values = {
        "firm": firm, "timezone": wishes.timezone or _local_timezone(), "currency": wishes.currency or "EUR",
    }  # fmt: skip
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    text = "# The settings of this firm; `onefirm doctor` checks them.\nversion: 1\n" + "\n".join(lines) + "\n"
    settings.check(settings.parse(text))
    return text


def _local_timezone() -> str:
    """The machine's IANA zone, from TZ or /etc/localtime; UTC when neither tells."""
    named = os.environ.get("TZ", "").lstrip(":") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return named if named in available_timezones() else "UTC"


def _claude_settings() -> dict[str, object]:
    """What every workspace wants of Claude Code: reads without a question, and no hand on onefirm's own files."""
    return {
        "permissions": {
            "allow": [f"mcp__plugin_onefirm_firm__{tool}" for tool in _READS],
            "deny": [f"Read({HIDDEN}/secrets.json)", f"Edit({HIDDEN}/**)"],
        }
    }


def _commit(report: Report) -> None:
    paths = [path for path in report.made if not path.endswith("/") and not path.startswith(HIDDEN)]
    try:
        git.commit_paths(report.root, paths, "Begin the firm's workspace", [])
    except FirmError as error:
        report.notes.append(f"not committed: {error}")


# -- .onefirm ----------------------------------------------------------------------------------------------------------


def prepare(report: Report, clock: Clock) -> None:
    """Make or mend everything under `.onefirm/`: what is whole stays as it is."""
    hidden = report.root / HIDDEN
    hidden.mkdir(mode=0o700, exist_ok=True)
    # The folder ignores itself, so that the operator's own .gitignore needs no change.
    _lay_private(report, f"{HIDDEN}/.gitignore", "*\n")
    _lay_private(report, f"{HIDDEN}/installation.json", json.dumps({"chain_id": f"i{randomness.token_hex(6)}"}))
    firm = settings.load(report.root)
    url = database_url(report.root, firm.store, Secrets(report.root))
    _refuse_lost(report.root, sqlite_path(url))
    if migrate(url, hidden / "backup", iso(clock.now()).replace(":", "")) is None:
        report.made.append(f"{HIDDEN}/firm.db")
    _found(report.root, url, firm, clock)
    db.connect(str(report.root)).close()
    _close_to_others(hidden)


def _refuse_lost(root: Path, database: Path | None) -> None:
    """A database that was there once is never replaced by an empty one: a firm would be gone without a word."""
    if database is None or database.exists() or not (root / HIDDEN / "guard.json").exists():
        return  # the guard's rules are written last, so without them this is the rest of an init that was cut off
    raise Unavailable(
        f"The firm's database {database} was here and is missing; nothing was made in its place.",
        hint="Put it back: `onefirm doctor` names the newest backup.",
    )


def _lay_private(report: Report, path: str, text: str) -> None:
    target = report.root / path
    if not target.exists():
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        report.made.append(path)


def _found(root: Path, url: str, firm: Settings, clock: Clock) -> None:
    store = Store.open(url)
    ledger = Ledger(clock, installation(root))
    by = By(OPERATOR, reason="onefirm init")
    try:
        with store.write() as conn:
            ledger.found(conn, socket.gethostname())
            if ledger.head(conn) is None:
                ledger.append(conn, "workspace.created", {"firm": firm.firm}, subjects=(), by=by)
            schema = schemas.current(conn) or schemas.apply(conn, schemas.shipped(), ledger, by, clock.now())
    finally:
        store.close()
    write_guard(str(root), compile_guard(schema.to_dict()))


def _close_to_others(hidden: Path) -> None:
    for path in [hidden, *hidden.rglob("*")]:
        if path.stat().st_mode & 0o077 and not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def repair(root: Path, clock: Clock | None = None) -> list[str]:
    """What `onefirm doctor --fix` does: back up and migrate, recompile the guard, remake session.db, mend permissions.

    Returns what was made. Never touches a record, the ledger's entries or the operator's files.
    """
    report = Report(root)
    prepare(report, clock or SystemClock())
    return report.made
