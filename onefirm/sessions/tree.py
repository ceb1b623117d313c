"""The snapshot of a workspace's narrative files: what they said when somebody last looked, and what has changed since.

A scan costs one stat a file; only a file whose stat changed is read and hashed. Texts are kept by their hash, so that
whoever judges a change has both sides of it. Which file is narrative is not decided here: the caller passes
`is_narrative`.
"""

from __future__ import annotations

from onefirm.sessions import clock, db, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Change, Edit, Unreconciled

# A narrative file is prose; what is larger is data, and is only known by its first part.
TEXT_LIMIT = 2_000_000
KEPT_DAYS = 30


def scan(
    conn: Connection, root: str, is_narrative: Callable[[str, str], bool], globs: tuple[str, ...] = ()
) -> list[Change]:
    """Brings the snapshot up to the folder and gives what differed, by path. Call it within `db.writing`.

    A file that vanished while another one appeared with the same text was renamed: one change, with `renamed_from`.
    """
    known = {row[0]: row[1:] for row in conn.execute("select path, mtime_ns, ctime_ns, size, inode, sha from file")}
    changes: dict[str, tuple[str | None, str | None]] = {}
    for path, stat in walk.files(root, globs):
        before = known.pop(path, None)
        if before and before[:4] == stat:
            continue
        old, new = before[4] if before else None, _keep(conn, root, path, stat, is_narrative)
        if old != new:
            changes[path] = (old, new)
    for path, before in known.items():
        conn.execute("delete from file where path = ?", (path,))
        if before[4]:
            changes[path] = (before[4], None)
    return _renames(changes)


def look(conn: Connection, root: str, path: str, is_narrative: Callable[[str, str], bool]) -> Change | None:
    """As `scan`, for one path."""
    row = conn.execute("select sha from file where path = ?", (path,)).fetchone()
    old, stat = row[0] if row else None, walk.stat(f"{root}/{path}")
    if stat is None:
        conn.execute("delete from file where path = ?", (path,))
    new = _keep(conn, root, path, stat, is_narrative) if stat else None
    return None if old == new else {"path": path, "renamed_from": None, "before_sha": old, "after_sha": new}


def take(conn: Connection, root: str, path: str) -> None:
    """Takes a file that onefirm itself wrote or removed into the snapshot: nobody's change, and its text isn't kept."""
    if not is_empty(conn):  # the first look takes it with everything else
        conn.execute("delete from blob where sha = ?", (sha_of(conn, path),))
        look(conn, root, path, lambda path, text: False)


def is_empty(conn: Connection) -> bool:
    """Whether no scan has been kept yet: then a scan's differences are the first sight, and nobody's change."""
    return conn.execute("select 1 from file limit 1").fetchone() is None


def text(conn: Connection, sha: str | None) -> str | None:
    """The text of a version, None for no file (or a version that was pruned)."""
    row = conn.execute("select text from blob where sha = ?", (sha,)).fetchone() if sha else None
    return row[0] if row else None


def sha_of(conn: Connection, path: str) -> str | None:
    """The sha of a file at the last look."""
    row = conn.execute("select sha from file where path = ?", (path,)).fetchone()
    return row[0] if row else None


def keep_text(conn: Connection, content: str) -> str:
    """Keeps a version that was told and not read from the folder; gives its sha."""
    sha = sha256(content.encode("utf-8", "surrogateescape"))
    conn.execute("insert or ignore into blob values (?, ?)", (sha, _storable(content)))
    return sha


def read(path: str) -> str:
    """A file as text; bytes that aren't UTF-8 become replacement characters. Raises OSError.

    The path may be one that `walk.storable` made.
    """
    with open(walk.on_disk(path), "rb") as file:
        return file.read(TEXT_LIMIT).decode("utf-8", "replace")


def sha256(data: bytes) -> str:
    """The hex digest, imported late: only a changed file needs it."""
    from hashlib import sha256 as digest

    return digest(data).hexdigest()


def edits(root: str, session: str) -> list[Edit]:
    """This session's changes of narrative files, and those that may be its own, oldest first."""
    with db.reading(root) as conn:
        rows = conn.execute(
            "select path, renamed_from, tool, agent, before_sha, after_sha, at, session from edit "
            "where instr('|' || session || '|', '|' || ? || '|') order by id",
            (session,),
        ).fetchall()
    return [
        {
            "path": row[0],
            "renamed_from": row[1],
            "tool": row[2],
            "agent": row[3],
            "before_sha": row[4],
            "after_sha": row[5],
            "at": row[6],
            "one_of": row[7].split("|"),
        }
        for row in rows
    ]


def authors(root: str) -> list[tuple[str, str, str, str | None]]:
    """Every version that is known as (path, sha, at, session), oldest first; without a session it came from outside."""
    with db.reading(root) as conn:
        query = "select path, after_sha, at, session from edit where after_sha is not null order by id"
        return conn.execute(query).fetchall()


def unreconciled(root: str, session: str) -> list[Unreconciled]:
    """What the session left standing although it was told, by path."""
    with db.reading(root) as conn:
        rows = conn.execute(
            "select path, why, at from unreconciled where session = ? order by path, why", (session,)
        ).fetchall()
    return [{"path": path, "why": why, "at": at} for path, why, at in rows]


def forget(conn: Connection, paths: Iterable[str], is_about: Callable[[str], bool]) -> None:
    """Lets go of these files' earlier versions, and of every text, told sentence and finding that is about something;
    and of all working notes and kept choices.

    The present version of a file stays: the next change is judged against it. Call it within `db.writing`.
    """
    wanted = frozenset(paths)
    edits = conn.execute("select path, before_sha, after_sha from edit").fetchall()
    past = {sha for path, before, after in edits if path in wanted for sha in (before, after)}
    for (sha,) in conn.execute("select sha from blob except select sha from file").fetchall():
        if sha in past or is_about(text(conn, sha) or ""):
            conn.execute("delete from blob where sha = ?", (sha,))
    for session, item in conn.execute("select session, item from told").fetchall():
        if is_about(item) or any(path in item for path in wanted):
            conn.execute("delete from told where session = ? and item = ?", (session, item))
    # The operator's words may name a person without a ref: notes and choices are short-lived, and all go.
    conn.execute("delete from note")
    conn.execute("delete from choice")
    for path, why in conn.execute("select distinct path, why from unreconciled").fetchall():
        if path in wanted or is_about(why):
            conn.execute("delete from unreconciled where path = ? and why = ?", (path, why))


def prune(root: str, now: float | None = None) -> None:
    """Lets go of edits of long closed sessions, and of texts that nothing refers to."""
    import time

    moment = time.time() if now is None else now
    with db.writing(root) as conn:
        old = clock.iso(moment - KEPT_DAYS * 86_400)
        conn.execute(
            "delete from edit where at < ? "
            "and (session is null or session like '%|%' "
            "or session in (select id from session where closed_at is not null))",
            (old,),
        )
        conn.execute("delete from receipt where session in (select id from session where closed_at < ?)", (old,))
        conn.execute("delete from told where session in (select id from session where closed_at is not null)")
        conn.execute("delete from state_past where until_at < ?", (old,))
        conn.execute(
            "delete from blob where sha not in (select sha from file where sha is not null "
            "union select before_sha from edit where before_sha is not null "
            "union select after_sha from edit where after_sha is not null)"
        )


def _keep(
    conn: Connection, root: str, path: str, stat: walk.Stat, is_narrative: Callable[[str, str], bool]
) -> str | None:
    """Stores the file's stat, and its text when it is narrative; gives the sha, None when it isn't.

    One that can't be read keeps the sha that is known: it isn't gone, and it must not stop the look at all others.
    """
    try:
        content = read(f"{root}/{path}")
    except (OSError, ValueError):
        return sha_of(conn, path)
    sha = keep_text(conn, content) if is_narrative(path, content) else None
    conn.execute("insert or replace into file values (?, ?, ?, ?, ?, ?)", (path, *stat, sha))
    return sha


def _renames(changes: dict[str, tuple[str | None, str | None]]) -> list[Change]:
    gone = {old: path for path, (old, new) in changes.items() if new is None}
    found: list[Change] = []
    for path, (old, new) in sorted(changes.items()):
        source = gone.pop(new, None) if old is None else None
        if source:
            found.append({"path": path, "renamed_from": source, "before_sha": new, "after_sha": new})
        elif new is not None:
            found.append({"path": path, "renamed_from": None, "before_sha": old, "after_sha": new})
    for old, path in gone.items():
        found.append({"path": path, "renamed_from": None, "before_sha": old, "after_sha": None})
    return sorted(found, key=lambda change: change["path"])


def _storable(content: str) -> str:
    # sqlite takes no lone surrogates, which JSON from a client may hold.
    return content.encode("utf-8", "replace").decode("utf-8")
