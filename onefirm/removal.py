"""Taking onefirm out of a folder: what it made goes, what the operator wrote stays."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from onefirm import settings, workspace
from onefirm.core.errors import FirmError, Refused
from onefirm.day import backups, lessons
from onefirm.day.texts import swap
from onefirm.narrative import links
from onefirm.secrets import Secrets
from onefirm.sessions import db, identity, walk
from onefirm.sessions.paths import told
from onefirm.state.artifacts import FOLDER
from onefirm.workspace import HIDDEN, IMPORT

# What begins something of its own within a paragraph: an item, a row, a heading, a line of the head.
_BEGINS = re.compile(r"\s*(?:[-*+•|#]|\d{1,3}[.)]\s|[A-Z][a-z]+: )")
_CLAUDE, _CONTEXT, _PERMISSIONS = "CLAUDE.md", "context/CLAUDE.md", ".claude/settings.json"


@dataclass(frozen=True, slots=True)
class Removal:
    """What would go. `files` are relative paths, `edits` new texts by path, `kept` why a file of ours stays, by path,
    `notes` what the operator should know.

    A folder's path ends with a slash. `.onefirm/` comes last and onefirm.yaml before it: a removal that was cut off is
    known by them, and goes on when it is run again.
    """

    root: Path
    files: tuple[str, ...]
    edits: dict[str, str]
    kept: dict[str, str]
    notes: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of onefirm here."""
        return not self.files and not self.edits


def plan(root: Path) -> Removal:
    """What of a folder is onefirm's. Raises Refused while a session runs in it.

    Of a file that `init` laid stays what the operator wrote in it, and nothing where that is nothing. Where a text that
    stays links to one that would go, that one stays: of a CLAUDE.md, which Claude would go on reading, its title.
    onefirm.yaml, which nothing else reads, goes in any case. The line that imports context/CLAUDE.md goes with that
    file, and not before.
    """
    if not (root / settings.FILE).exists() and not (root / HIDDEN).exists():
        return Removal(root, (), {}, {}, ())
    _refuse_running(root)
    laid = dict(workspace.texts(root, workspace.Wishes(firm=_name(root))))
    edits, kept = _narrative(root, laid)
    files = [path for path in laid if path.startswith("context/") and path not in kept and (root / path).exists()]
    for path, new in ((_CLAUDE, _unimported(root, laid, files)), (_PERMISSIONS, _unpermitted(root))):
        if new is not None and new.strip():
            edits[path] = new
        elif new is not None:
            files.append(path)
    files += [f"{lessons.FOLDER}/{name}" for name in _rules(root)]
    files += [path for path in (settings.FILE,) if (root / path).exists()]
    files += [f"{HIDDEN}/"] if (root / HIDDEN).exists() else []
    return Removal(root, tuple(files), edits, kept, tuple(_notes(root, kept)))


def remove(removal: Removal) -> None:
    """Do what was planned; folders that it empties go too. Raises OSError when the disk refuses."""
    root = removal.root
    with suppress(FirmError, OSError):
        _forget_keyring(Secrets(root))
    for path, text in removal.edits.items():
        place = root / path
        swap(place, text, draft=place.with_name(f".{place.name}.removal"), like=place)
    for path in removal.files:
        target = root / path.rstrip("/")
        if path.endswith("/") and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        _drop_empty(root, target.parent)


def _refuse_running(root: Path) -> None:
    if not Path(db.path(str(root))).exists():
        return
    with suppress(db.Error, db.Lost):
        # A session without a process counts as alive for a day of silence: nobody could end it.
        if alive := [one for one in identity.open_sessions(str(root)) if one["alive"] and one["pid"]]:
            running = "A session runs" if len(alive) == 1 else f"{len(alive)} sessions run"
            raise Refused(f"{running} in {root}.", hint="End Claude Code there, then repeat the command.")


def _name(root: Path) -> str | None:
    try:
        return settings.load(root).firm
    except FirmError:
        return None


def _text(root: Path, path: str) -> str | None:
    """What a file of ours would say; None for a link, or what can't be read as text."""
    try:
        is_elsewhere = (root / path).resolve() != root.resolve() / path
        return None if is_elsewhere else (root / path).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _narrative(root: Path, laid: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Of the context files that `init` laid and that stay: their new texts, and why they stay."""
    there = [path for path in laid if path.startswith("context/") and (root / path).exists()]
    texts = {path: _text(root, path) for path in there}
    own = {path: _own(text, laid[path]) for path, text in texts.items() if text is not None}
    kept = {path: "it is a link, or no plain text" for path in there if path not in own}
    kept |= {path: "you wrote in it" for path, text in own.items() if text}
    for path, by in _linked(root, {path: own.get(path, "") for path in there}):
        if path not in kept:
            kept[path] = f"{told(by)} links to it"
            own[path] = laid[path].partition("\n")[0] + "\n" if path.endswith(_CLAUDE) else texts[path] or ""
    for path, text in own.items():
        own[path] = _undangling(path, text, {one for one in there if one not in kept})
    return {path: text for path, text in own.items() if path in kept and text != texts[path]}, kept


def _own(text: str, laid: str) -> str:
    """What of a text isn't as it was laid: whole paragraphs, items and rows, as what was changed within one is clear
    from all of it only. Empty where that is nothing.
    """
    ours = {line.strip() for line in laid.split("\n")}
    found: list[str] = []
    for unit in _units(text.removeprefix("\ufeff")):
        if any(line.strip() not in ours for line in unit):
            found += unit
        elif found and not unit[0].strip() and found[-1].strip():
            found.append("")
    return "\n".join(found).rstrip() + "\n" if found else ""


def _units(text: str) -> Iterator[list[str]]:
    unit: list[str] = []
    for line in text.split("\n"):
        if unit and (not line.strip() or not unit[0].strip() or _BEGINS.match(line)):
            yield unit
            unit = []
        unit.append(line)
    yield unit


def _linked(root: Path, own: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What of ours the texts that stay link to, and which of them does. Our import is no link of theirs."""
    ours = set(_rules(root))
    for path, _stat in sorted(walk.files(str(root))):
        if path.removeprefix(f"{lessons.FOLDER}/") in ours:
            continue
        text = own[path] if path in own else (_text(root, path) or "").replace(IMPORT, "")
        for link in links.read(path, text):
            for target in (link.target, f"{link.target}/{_CLAUDE}"):
                if target in own and target != path:
                    yield target, path


def _undangling(path: str, text: str, going: Collection[str]) -> str:
    """A text of ours that stays, without the lines that lead to what goes."""
    lines = {link.line for link in links.read(path, text) if link.target in going}
    return "\n".join(line for number, line in enumerate(text.split("\n"), 1) if number not in lines)


def _rules(root: Path) -> list[str]:
    folder = root / lessons.FOLDER
    if folder.resolve() != root.resolve() / lessons.FOLDER:
        return []  # a link: what is behind it isn't in this folder
    names = sorted(path.name for path in folder.glob("*.md"))
    ours = [name for name in names if lessons.MARK in (_text(root, f"{lessons.FOLDER}/{name}") or "")]
    return [*ours, *([".gitignore"] if _text(root, f"{lessons.FOLDER}/.gitignore") == lessons.IGNORED else [])]


def _unimported(root: Path, laid: dict[str, str], going: Sequence[str]) -> str | None:
    """CLAUDE.md without our line ("" where nothing else was in it); None where it stays as it is."""
    text = _text(root, _CLAUDE)
    if text is None or (_CONTEXT not in going and (root / _CONTEXT).exists()):
        return None
    if text == laid[_CLAUDE]:
        return ""
    left = re.sub(rf"(?m)^{re.escape(IMPORT)}[ \t]*\r?\n|^{re.escape(IMPORT)}[ \t]*\Z", "", text)
    return left if left != text else None


def _unpermitted(root: Path) -> str | None:
    """settings.json without our entries, every other byte as it was ("" where nothing else is in it), else None."""
    text = _text(root, _PERMISSIONS)
    try:
        found: Any = json.loads(text or "")
        wanted = _without(found)
    except (ValueError, AttributeError, TypeError):
        return None
    if text is None or wanted == found:
        return None
    for entry in (entry for entries in workspace.permissions().values() for entry in entries):
        text = _cut(text, re.escape(json.dumps(entry)))
    for name in workspace.permissions():
        text = _cut(text, rf'"{name}"\s*:\s*\[\s*\]') if name not in wanted.get("permissions", {}) else text
    text = _cut(text, r'"permissions"\s*:\s*\{\s*\}') if "permissions" not in wanted else text
    if not wanted:
        return ""
    return text if _means(text, wanted) else json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"


def _without(found: dict[str, Any]) -> dict[str, Any]:
    """The settings without our entries, and without the lists that only they were in. Raises AttributeError."""
    own = found.get("permissions", {})
    left: dict[str, Any] = {}
    for name, value in own.items():
        ours = workspace.permissions().get(name, [])
        rest = _rest(cast("list[Any]", value), ours) if ours and isinstance(value, list) else value
        if rest or rest == value:
            left[name] = rest
    both = {**found, "permissions": left}
    return {name: both[name] for name in found if name != "permissions" or left or left == own}


def _rest(entries: list[Any], ours: Collection[str]) -> list[Any]:
    return [entry for entry in entries if entry not in ours]


def _cut(text: str, item: str) -> str:
    """The JSON text without its first item like this, and without the comma that set it off."""
    for pattern in (rf"{item}\s*,\s*", rf",\s*{item}(?=\s*[\]}}])", item):
        if (left := re.sub(pattern, "", text, count=1)) != text:
            return left
    return text


def _means(text: str, wanted: object) -> bool:
    try:
        return json.loads(text) == wanted
    except ValueError:
        return False


def _notes(root: Path, staying: Collection[str]) -> Iterator[str]:
    if known := backups.known(root):
        names = f"{len(known)} backup{'s' if len(known) > 1 else ''} of the firm's database"
        place = shlex.quote(str(root / HIDDEN / "backup"))
        yield f"{names} would be lost with {HIDDEN}/; to keep them: cp -r {place} ELSEWHERE"
    if kept := sum(path.is_file() for path in (root / FOLDER).glob("??/*")):
        place = shlex.quote(str(root / FOLDER))
        files = "the file of 1 artifact" if kept == 1 else f"the files of {kept} artifacts"
        yield f"{files} would be lost with {HIDDEN}/; to keep them: cp -r {place} ELSEWHERE"
    database = workspace.database_file(root)
    if database is None or not database.is_relative_to(root / HIDDEN):
        yield f"the firm's database is not in {HIDDEN}/ and stays where it is"
    if _CONTEXT in staying and IMPORT in (_text(root, _CLAUDE) or ""):
        yield f"CLAUDE.md goes on importing {_CONTEXT}"
    if "plugin_onefirm_firm" in (_text(root, _PERMISSIONS) or "") and not _is_json(root):
        yield f"{_PERMISSIONS} is no JSON and stays; take out what names onefirm"
    if (root / ".git").exists():
        yield "git keeps what was committed; the removal is yours to commit"


def _is_json(root: Path) -> bool:
    try:
        json.loads(_text(root, _PERMISSIONS) or "")
    except ValueError:
        return False
    return True


def _forget_keyring(secrets: Secrets) -> None:
    for one in secrets.inventory():
        if one.source == "keyring":
            secrets.remove(one.name)


def _drop_empty(root: Path, folder: Path) -> None:
    """Drop a folder that was emptied, and those above it that are empty then; never the root."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
