"""A session's working notes: taken before its conversation is compacted, given back once after it.

What the ledger knows (receipts, decisions, state) is read when they are given back, so that they tell of that moment;
kept are the operator's last words and what the tree of files showed. They are gone when the session is closed.
"""

from __future__ import annotations

from onefirm.sessions import edits, jsons, known, lines, paths, state, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection
    from typing import Any

CLIPPED, LOOKED_THROUGH = 240, 8_000
SHOWN = 8
_ASKED, _KEPT = "asked", "kept"
_HEAD = "onefirm: your notes from before the compaction (what you looked at counts as before):"
_DONE = {"written": "wrote", "pending": "a write waits:", "seen": "looked at"}


def ask(conn: Connection, session: str, prompt: str) -> None:
    """Keeps the beginning of what the operator said last; nothing of a text that holds a credential."""
    from onefirm.core import credentials

    text = prompt[:LOOKED_THROUGH]
    _put(conn, session, _ASKED, "" if credentials.kind_in(text) else _clip(text))


def asked(conn: Connection, session: str) -> str:
    """The beginning of what the operator said last."""
    return _get(conn, session, _ASKED)


def take(conn: Connection, session: str, unreconciled: Sequence[tuple[str, str]]) -> None:
    """Notes what the session has changed, and what of it doesn't stand, as (path, why)."""
    kept = {"files": sorted(edits.net(conn, session)), "unreconciled": list(unreconciled)}
    _put(conn, session, _KEPT, jsons.dumps(kept))


def give(conn: Connection, session: str, limit: int) -> str:
    """The notes within so many tokens, the most important first, and only once; "" when none were taken. The states
    that they tell are known from now on. Call it within `db.writing`.
    """
    taken = _get(conn, session, _KEPT)
    if not taken:
        return ""
    conn.execute("delete from note where session = ? and name = ?", (session, _KEPT))
    said = _said(conn, session, jsons.loads(taken))
    count = told.fitting(_HEAD, [line for line, _ in said], limit)
    for ref in [ref for _, ref in said[:count] if ref]:
        known.learn(conn, session, ref)
    rest = [ref for _, ref in said[count:] if ref]
    more = [f"- and {len(rest)} more records, {', '.join(rest[:3])} first: record_get"] if rest else []
    return "\n".join([_HEAD, *(line for line, _ in said[:count]), *more]) if count else ""


def forget(conn: Connection, session: str) -> None:
    """The session is closed."""
    conn.execute("delete from note where session = ?", (session,))
    conn.execute("delete from decided where session = ?", (session,))


def _said(conn: Connection, session: str, kept: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines, each with the record whose state it tells, if any."""
    records = _records(conn, session)
    return [
        *((f"- the operator said last: “{text}”", "") for text in [_get(conn, session, _ASKED)] if text),
        *((f"- doesn't stand yet: {paths.told(path)}: {_clip(why)}", "") for path, why in kept["unreconciled"][:SHOWN]),
        *((f"- decided {ref}: “{_clip(what)}”", "") for ref, what in _decided(conn, session)),
        *(line for line in records if not line[0].startswith(f"- {_DONE['seen']}")),
        *((f"- changed {_listed(kept['files'])}", "") for _ in kept["files"][:1]),
        *(line for line in records if line[0].startswith(f"- {_DONE['seen']}")),
    ]


def _records(conn: Connection, session: str) -> list[tuple[str, str]]:
    # Only what is in play: a client wall takes others' records out of it, and their receipts stay.
    rows = conn.execute(
        "select r.ref, r.kind from receipt r join known k on k.session = r.session and k.ref = r.ref "
        "where r.session = ? order by r.at desc, r.ref",
        (session,),
    ).fetchall()
    found = [(state.of(conn, ref), _DONE[kind]) for ref, kind in rows]
    return [(f"- {done} {lines.of(now)}", now["ref"]) for now, done in found if now]


def _decided(conn: Connection, session: str) -> list[tuple[str, str]]:
    return conn.execute("select ref, what from decided where session = ? order by event desc", (session,)).fetchall()


def _listed(files: Sequence[str]) -> str:
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(map(paths.told, files[:SHOWN])) + more


def _clip(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text).replace("“", "'").replace("”", "'")
    clean = " ".join(clean.split())
    return clean if len(clean) <= CLIPPED else clean[: CLIPPED - 1].rstrip() + "…"


def _put(conn: Connection, session: str, name: str, text: str) -> None:
    conn.execute("insert or replace into note values (?, ?, ?)", (session, name, text))


def _get(conn: Connection, session: str, name: str) -> str:
    row = conn.execute("select text from note where session = ? and name = ?", (session, name)).fetchone()
    return row[0] if row else ""
