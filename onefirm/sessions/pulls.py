"""What hooks know of pulling, which can't open the store: how long they may wait for it, and whether it is due.

Only a truth that is far away is pulled by turns: then `.onefirm/pull.json` stands there, made from onefirm.yaml.
Whoever pulls holds the lock on `.onefirm/pull.lock`, whose time tells when the last pull began.
"""

from __future__ import annotations

import fcntl
import os
import time

from onefirm.sessions import jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Patience

# What a session tells once, when the pull that its brief didn't wait for has ended.
_NOTE = "pulled"


def declare(root: str, patience: Patience | None) -> None:
    """Writes down how patient a session is; None for a truth that answers at once. Does nothing where it says so."""
    if patience == declared(root):
        return
    path = root + "/.onefirm/pull.json"
    if patience is None:
        try:
            os.unlink(path)
        except FileNotFoundError:  # another process was faster
            return
        return
    draft = f"{path}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(handle, jsons.dumps({**patience}).encode())
    os.close(handle)
    os.replace(draft, path)


def declared(root: str) -> Patience | None:
    """How patient a session is; None where there is nothing to wait for."""
    try:
        with open(root + "/.onefirm/pull.json", encoding="utf-8") as file:
            found = jsons.loads(file.read())
        return {"deadline_s": float(found["deadline_s"]), "every_s": float(found["every_s"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_due(root: str) -> bool:
    """Whether the last pull began longer ago than a session may be without one, or, by a clock set back, in future."""
    patience = declared(root)
    return patience is not None and not 0 <= time.time() - began(root) <= patience["every_s"]


def take(root: str) -> int | None:
    """The turn to pull, given back by closing this handle; None while somebody else has it. A dead one lets go."""
    handle = os.open(_lock(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    os.utime(_lock(root))
    return handle


def begin(root: str) -> None:
    """Notes that a pull begins, where there are any."""
    if declared(root):
        os.close(os.open(_lock(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(_lock(root))


def began(root: str) -> float:
    """When the last pull began, in seconds of the epoch; 0 for never."""
    try:
        return os.stat(_lock(root)).st_mtime
    except OSError:
        return 0.0


def promise(conn: Connection, session: str, text: str) -> None:
    """Keeps what the session is told once, at its next prompt; nothing for one that is closed."""
    conn.execute("insert or replace into note select id, ?, ? from session where id = ? and closed_at is null",
                 (_NOTE, text, session))  # fmt: skip


def kept(conn: Connection, session: str) -> str:
    """What it was to be told, "" for nothing; from now on it has been."""
    row = conn.execute("select text from note where session = ? and name = ?", (session, _NOTE)).fetchone()
    conn.execute("delete from note where session = ? and name = ?", (session, _NOTE))
    return str(row[0]) if row else ""


def _lock(root: str) -> str:
    return root + "/.onefirm/pull.lock"
