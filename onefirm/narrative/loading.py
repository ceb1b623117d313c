"""What loads with a file: the CLAUDE.md of each folder above it, and the state of the records that their heads name.

Claude Code brings the files; the state is told beside them, as it is at that moment, and stands in none of them. What
moves later is news.
"""

from __future__ import annotations

from onefirm.narrative import heads
from onefirm.sessions import known, lines, state, told, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from sqlite3 import Connection

# A head stands in so many bytes of a file.
_HEAD = 16_384
_NOW = "onefirm: as the records stand now (they decide, not these files):"
_MOVED = "onefirm: moved by another hand since you were told:"


def refs(root: str, path: str) -> list[str]:
    """The records of what loads with a file or folder of the workspace, those of the nearest file first."""
    folders = path.split("/")[:-1]
    above = ["/".join([*folders[:depth], "CLAUDE.md"]) for depth in range(len(folders), -1, -1)]
    files = dict.fromkeys([path, *above])
    return list(dict.fromkeys(ref for file in files for ref in heads.refs(_head(f"{root}/{file}"))))


def tell(conn: Connection, who: str, loaded: Iterable[str], limit: int) -> str:
    """The state of these records that the conversation doesn't have yet, within so many tokens; what has no room is
    named. "" when there is nothing to tell. Call it within `db.writing`.
    """
    said = {ref: _line(conn, who, ref) for ref in known.untold(conn, who, loaded)}
    return _within(conn, who, _NOW, said, limit)


def news(conn: Connection, who: str, limit: int) -> str:
    """What another hand has moved of the records in play since it was told, as `tell` tells it."""
    said = {found["ref"]: lines.moved(before, found) for before, found in known.moved(conn, who)}
    return _within(conn, who, _MOVED, said, limit)


def _within(conn: Connection, who: str, head: str, said: Mapping[str, str], limit: int) -> str:
    """Lines about records below a head, as many as fit; their state is known from now on. A record whose line is empty
    says the same again.
    """
    lines = {ref: f"- {line}" for ref, line in said.items() if line}
    count = told.fitting(head, list(lines.values()), limit)
    shown, rest = list(lines)[:count], list(lines)[count:]
    for ref in (*shown, *(ref for ref, line in said.items() if not line)):
        known.learn(conn, who, ref)
    if not shown:
        return ""
    return "\n".join([head, *(lines[ref] for ref in shown), *_named(rest)])


def _line(conn: Connection, who: str, ref: str) -> str:
    """How it moved since it was told, "" where it says the same again; else how it stands."""
    found, before = state.of(conn, ref), known.of(conn, who, ref)
    if not found:
        return ""
    return lines.moved(before, found) if before and before["is_told"] else lines.of(found)


def _named(rest: Sequence[str]) -> list[str]:
    return [f"- no room here for {', '.join(rest[:5])}{' and more' if len(rest) > 5 else ''}: record_get"] * bool(rest)


def _head(path: str) -> str:
    if not walk.stat(path):  # a pipe would be waited for
        return ""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs a hook 8 ms
            return file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return ""
