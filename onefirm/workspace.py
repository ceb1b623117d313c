"""Making and mending a workspace: the folder of one firm. Nothing that exists is ever overwritten."""

from __future__ import annotations

import json
import os
import re
import secrets as randomness
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import available_timezones

from onefirm import git, settings, shipped
from onefirm.core.attribution import OPERATOR, By
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused, Unavailable
from onefirm.day import backups
from onefirm.day.surroundings import open_to_others
from onefirm.ledger import anchors
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Head
from onefirm.memory import facts
from onefirm.narrative.compile import compile_guard, write_guard
from onefirm.secrets import Secrets
from onefirm.sessions import canary, db, marks
from onefirm.sessions import root as roots
from onefirm.settings import FILE
from onefirm.state import schema as schemas
from onefirm.store import contents
from onefirm.store.contents import Contents
from onefirm.store.engine import Store, sqlite_path
from onefirm.store.migrate import migrate

HIDDEN = ".onefirm"
IMPORT = "@context/CLAUDE.md"
_CHECK_SERVER = "Check that it is the right one, or put the server's own backup back."
_NOTE = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_READS = ("brief_get", "record_find", "record_get", "decision_find", "memory_recall", "ledger_trace")


@dataclass(slots=True)
class Report:
    """What `init` made and what it found in place, as paths relative to the workspace."""

    root: Path
    made: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    committed: list[str] = field(default_factory=list[str])


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


def database_file(root: Path) -> Path | None:
    """The SQLite file that the firm is kept in; None where it is kept elsewhere, or onefirm.yaml can't be read."""
    try:
        return sqlite_path(store_url(root))
    except FirmError:
        return None


def installation(root: Path) -> str:
    """This installation's chain id.

    Raises NotFound when the workspace was never initialised here, Refused when there was a firm whose database is gone.
    """
    try:
        return str(json.loads((root / HIDDEN / "installation.json").read_text(encoding="utf-8"))["chain_id"])
    except FileNotFoundError:
        _refuse_lost(root, anew=False)
        raise NotFound(
            f"{root} has an {FILE} but was not initialised on this machine.", hint=f"Run `onefirm init {root}`."
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(
            f"{root / HIDDEN / 'installation.json'} can't be read: {error}.", hint="Run `onefirm doctor --fix`."
        ) from None


def init(target: Path, wishes: Wishes, clock: Clock | None = None, *, anew: bool = False) -> Report:
    """Make a workspace of a folder, or report that it is one already.

    1. The folder, its git repository, onefirm.yaml, CLAUDE.md, context/, .claude/settings.json: each only if missing.
    2. `.onefirm/`: installation, database, chain, schema, guard, session.db.
    3. One commit of exactly the files laid here.

    Every step can be repeated, so an init that was cut off is finished by the next one. `anew` is the one way to begin
    with an empty firm where the database of another is missing; the ledger says that it was given up.

    Raises InvalidInput for a file, inside another workspace, or where a file would be laid behind a link; Refused when
    the firm's database is missing (or, with `anew`, when it is there); Unavailable for a folder that can't be made.
    """
    root = target.resolve()
    _refuse_nested(root)
    _refuse_misplaced(root, wishes)
    _refuse_lost(root, anew)
    report = Report(root)
    _lay_files(report, wishes)
    prepare(report, clock or SystemClock(), anew=anew)
    _commit(report, anew)
    return report


def _refuse_nested(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise InvalidInput(f"{root} is a file.", hint="Name a folder.")
    outer = roots.find(str(root.parent))
    if outer and not (root / FILE).exists():
        raise InvalidInput(f"{root} lies inside the workspace {outer}.", hint="Choose a folder outside of it.")


def _refuse_misplaced(root: Path, wishes: Wishes) -> None:
    """Nothing is written through a link: it leads to what isn't the workspace's, and git wouldn't follow."""
    if os.path.lexists(root / HIDDEN) and not (root / HIDDEN).is_dir():
        raise InvalidInput(f"{root / HIDDEN} is no folder. Nothing was made.", hint="Move it away.")
    for path, _ in texts(root, wishes):
        if os.path.lexists(root / path):
            continue
        for above in [root / parent for parent in list(Path(path).parents)[-2::-1]]:
            if above.is_symlink() or (above.exists() and not above.is_dir()):
                what = "a link" if above.is_symlink() else "a file"
                raise InvalidInput(
                    f"{above} is {what}, so {path} can't be laid in the workspace. Nothing was made.",
                    hint=f"Put a folder in its place, or lay {path} there yourself.",
                )


# -- files -------------------------------------------------------------------------------------------------------------


def _lay_files(report: Report, wishes: Wishes) -> None:
    try:
        report.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{report.root} can't be made: {error.strerror}.", hint="Choose a folder that you may write to."
        ) from None
    if not git.is_repository(report.root):
        git.init(report.root)
        report.made.append(".git/")
    for path, text in texts(report.root, wishes):
        _lay(report, path, text)
    report.notes += _by_hand(report)


def _by_hand(report: Report) -> Iterator[str]:
    """What the operator's own files lack, since none of them is ever changed."""
    if IMPORT not in _read(report.root / "CLAUDE.md"):
        yield f"CLAUDE.md is yours and was kept; add this line to it: {IMPORT}"
    own = _read(report.root / ".claude/settings.json")
    lacking = {
        name: missing
        for name, rules in permissions().items()
        if (missing := [rule for rule in rules if json.dumps(rule) not in own])
    }
    if lacking:
        told = json.dumps({"permissions": lacking})
        yield f".claude/settings.json is yours and was kept; add these permissions to it: {told}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def texts(root: Path, wishes: Wishes) -> Iterator[tuple[str, str]]:
    """The files that a new workspace gets, as (relative path, text)."""
    firm = wishes.firm or _title(root.name)
    yield FILE, _settings_text(firm, wishes)
    yield "CLAUDE.md", f"# {firm}\n\n{IMPORT}\n"
    tree = shipped.path() / "context"
    for source in sorted(tree.rglob("*.md")):
        # Notes about the template would be read with every session.
        text = _NOTE.sub("", source.read_text(encoding="utf-8"))
        yield f"context/{source.relative_to(tree).as_posix()}", text
    yield ".claude/settings.json", json.dumps(_claude_settings(), indent=2) + "\n"


def _lay(report: Report, path: str, text: str) -> None:
    target = report.root / path
    if os.path.lexists(target):  # a link to nothing too: writing through it would write elsewhere
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
    return {"permissions": permissions()}


def permissions() -> dict[str, list[str]]:
    """What stands in `.claude/settings.json` for onefirm."""
    return {
        "allow": [f"mcp__plugin_onefirm_firm__{tool}" for tool in _READS],
        "deny": [f"Read({HIDDEN}/secrets.json)", f"Edit({HIDDEN}/**)"],
    }


def _commit(report: Report, anew: bool) -> None:
    """Commit what was laid here and never committed, now or by an init that was cut off.

    The message anchors the ledger, so that a lost database is noticed from now on.
    """
    root = report.root
    try:
        laid = [path for path, text in _laid(root) if path in report.made or _read(root / path) == text]
        made = git.commit_paths(root, git.unknown(root, laid), "Begin the firm's workspace", trailers(root))
        if made:
            report.committed += git.changed_in(root, made)
        elif anew or _is_unanchored(root):
            git.commit_nothing(root, "Begin an empty firm", trailers(root))
    except FirmError as error:
        report.notes.append(f"not committed: {error}")


def _laid(root: Path) -> Iterator[tuple[str, str]]:
    """What init lays in a workspace of these settings: a file that says just this is its own, any other isn't."""
    found = settings.load(root)
    return texts(root, Wishes(found.firm, found.timezone, found.currency))


def _is_unanchored(root: Path) -> bool:
    """Whether git knows only chains that this ledger doesn't: its beginning was cut off before the commit."""
    anchored = set(_anchored_chains(root))
    return bool(anchored) and not anchored & {head.chain_id for head in _heads(root)}


def trailers(root: Path) -> list[tuple[str, str]]:
    """What a commit says to anchor the heads of the ledger as it stands."""
    return [(anchors.TRAILER, str(head)) for head in _heads(root)]


def _heads(root: Path) -> list[Head]:
    store = Store.open(store_url(root))
    try:
        with store.read() as conn:
            return Ledger(SystemClock(), installation(root)).heads(conn)
    finally:
        store.close()


def store_url(root: Path) -> str:
    """The database that onefirm.yaml names. Raises as `settings.load` and `database_url`."""
    return database_url(root, settings.load(root).store, Secrets(root))


# -- .onefirm ----------------------------------------------------------------------------------------------------------


def prepare(report: Report, clock: Clock, *, anew: bool = False) -> None:
    """Make or mend everything under `.onefirm/`: what is whole stays as it is.

    installation.json comes after the database, so that it tells that there was one. Raises Refused when it is missing.
    """
    root, hidden = report.root, report.root / HIDDEN
    # A ledger without an entry begins here, or goes on where an init that gave the old one up was cut off.
    given_up = [] if _refuse_lost(root, anew) == "entries" else _anchored_chains(root)
    hidden.mkdir(mode=0o700, exist_ok=True)
    # The folder ignores itself, so that the operator's own .gitignore needs no change.
    _lay_private(report, f"{HIDDEN}/.gitignore", "*\n")
    if anew:
        backups.set_apart(root, stamp(clock))
        _forget(root)
    url = store_url(root)
    if migrate(url, hidden / "backup", stamp(clock)) is None:
        report.made.append(_place(root, url))
    _set_aside_unreadable(root)
    _lay_private(report, f"{HIDDEN}/installation.json", json.dumps({"chain_id": _chain(url)}))
    if _found(root, url, clock, given_up):
        report.made.append(f"{HIDDEN}/guard.json")
    if _is_unreadable_session(root):
        report.made.append(f"{HIDDEN}/session.db")
    db.connect(str(root)).close()
    if closed := _close_to_others(hidden):
        report.made.append(f"the permissions of {', '.join(closed)}")


def stamp(clock: Clock) -> str:
    """The instant in a form that file names take."""
    return iso(clock.now()).replace(":", "")


def _refuse_lost(root: Path, anew: bool) -> Contents:
    """What the database holds. One that was there once is never replaced by an empty one: a firm would be gone without
    a word.
    """
    url = store_url(root) if (root / FILE).exists() else f"sqlite:///{backups.database(root)}"
    found, path = contents.of_database(url), sqlite_path(url)
    told = path or "(`store:` in onefirm.yaml names it)"
    if anew and found == "entries":
        way = "Move it away yourself" if path else "Name another with `onefirm secret set`"
        raise Refused(f"The database {told} holds a firm.", hint=f"{way} if it shall be given up.")
    signs = [] if anew or found != "nothing" else _signs(root)
    if signs:
        raise Refused(
            f"The firm's database {told} is missing or empty, and there was one: {' and '.join(signs)}."
            " Nothing was made.",
            hint=_way_back(root) if path else f"{_CHECK_SERVER} {_anew(root)}",
        )
    return found


def _place(root: Path, url: str) -> str:
    path = sqlite_path(url)
    if path is None:
        return "the tables of the database that `store:` names"
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _signs(root: Path) -> list[str]:
    chains = _anchored_chains(root)
    return [
        *([f"{HIDDEN}/installation.json tells of it"] if (root / HIDDEN / "installation.json").exists() else []),
        *([f"git has anchors of its ledger ({', '.join(chains)})"] if chains else []),
    ]


def _way_back(root: Path) -> str:
    copies = backups.known(root)
    if not copies:
        return f"Put a copy of it back at that place, if you keep one elsewhere. {_anew(root)}"
    names = ", ".join(path.name for path in copies[::-1])
    back = backups.putting_back(root, copies[-1])
    return f"Backups in {HIDDEN}/backup: {names}. Put the newest back: {back}\n  → {_anew(root)}"


def _anew(root: Path) -> str:
    return f"To begin with an empty firm on purpose: onefirm init {shlex.quote(str(root))} --anew"


def _anchored(root: Path) -> tuple[Head, ...]:
    try:
        return anchors.of_trailers(git.trailers(root, anchors.TRAILER))
    except FirmError:  # no git, or a repository of someone else's: no sign either way
        return ()


def _anchored_chains(root: Path) -> list[str]:
    return sorted({head.chain_id for head in _anchored(root)})


def _forget(root: Path) -> None:
    """Take away what belonged to the lost database; secrets and backups stay."""
    for name in ("installation.json", "guard.json", "brief.json"):
        (root / HIDDEN / name).unlink(missing_ok=True)
    if (root / HIDDEN / "session.db").exists():
        db.rebuild(str(root)).close()


def _lay_private(report: Report, path: str, text: str) -> None:
    target = report.root / path
    if not target.exists():
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        report.made.append(path)


def _set_aside_unreadable(root: Path) -> None:
    try:
        installation(root)
    except NotFound:
        return
    except InvalidInput:
        path = root / HIDDEN / "installation.json"
        path.replace(path.with_name(f"{path.name}.damaged"))


def _chain(url: str) -> str:
    """The chain to write on: the only one of an SQLite file is this installation's own; else a new one."""
    store = Store.open(url)
    try:
        with store.read() as conn:
            heads = Ledger(SystemClock(), "").heads(conn) if store.dialect == "sqlite" else []
    finally:
        store.close()
    return heads[0].chain_id if len(heads) == 1 else new_chain()


def new_chain() -> str:
    """An id for a chain to be begun."""
    return f"i{randomness.token_hex(6)}"


def _found(root: Path, url: str, clock: Clock, given_up: list[str]) -> bool:
    """Begin this installation's chain and apply the shipped schema, each only once; True when the guard was written."""
    store = Store.open(url)
    ledger = Ledger(clock, installation(root))
    by = By(OPERATOR, reason="onefirm init --anew" if given_up else "onefirm init")
    said = {"firm": settings.load(root).firm, **({"gave_up": given_up} if given_up else {})}
    try:
        with store.write() as conn:
            ledger.found(conn, socket.gethostname())
            if ledger.head(conn) is None:
                ledger.append(conn, "workspace.created", said, subjects=(), by=by)
            schema = schemas.current(conn) or schemas.apply(conn, schemas.shipped(), ledger, by, clock.now())
    finally:
        store.close()
    path = root / HIDDEN / "guard.json"
    before = path.read_bytes() if path.is_file() else b""
    write_guard(str(root), compile_guard(schema.to_dict()))
    return path.read_bytes() != before


def _restate(root: Path) -> bool:
    """Make how facts stand anew where the ledger tells otherwise."""
    store = Store.open(store_url(root))
    try:
        with store.write() as conn:
            return facts.mend(conn, Ledger(SystemClock(), installation(root)))
    finally:
        store.close()


def _is_unreadable_session(root: Path) -> bool:
    try:
        db.connect(str(root), readonly=True).close()
    except (db.Error, db.Lost):
        return True
    return False


def _close_to_others(hidden: Path) -> list[str]:
    found = open_to_others(hidden)
    for path in found:
        path.chmod(0o700 if path.is_dir() else 0o600)
    left = open_to_others(hidden)  # some disks know no permissions
    return [path.relative_to(hidden.parent).as_posix() for path in found if path not in left]


def repair(root: Path, clock: Clock | None = None) -> list[str]:
    """What `onefirm doctor --fix` does: back up and migrate, recompile the guard, remake session.db and how facts
    stand, mend permissions.

    Returns what was made or mended. Never touches a record, the ledger's entries or the operator's files.
    """
    report = Report(root)
    prepare(report, clock or SystemClock())
    if _restate(root):
        report.made.append("how facts stand")
    marks.forget(str(root), canary.HOOK)  # what it was mended of; the next session tests the guard again
    return report.made
