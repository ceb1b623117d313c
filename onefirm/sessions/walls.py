"""Client walls: which session is declared for one client, and to which clients a record belongs.

A wall is a file, `.onefirm/walls/CLIENT-ID.json`, by the client's session id: what must refuse may not hang on a
database that can be lost, and hook.sh sees without starting Python that none stands. That of a session which has ended
rests in `past/`, and stands again when the session is resumed.
"""

from __future__ import annotations

import os

from onefirm.sessions import clock, jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from onefirm.sessions.shapes import Wall

FOLDER = "/.onefirm/walls/"
_PAST = FOLDER + "past/"
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_LONGEST_ID = 128
BACK = "The operator ends that in a terminal outside of Claude Code: `onefirm session client --firm`."


class Unreadable(Exception):
    """A wall stands, and nobody can tell for which client."""


def of(root: str, client_id: str) -> Wall | None:
    """The wall of a client's session, also of one that has ended. Raises Unreadable."""
    if not client_id:
        return None
    for folder in (FOLDER, _PAST):
        try:
            with open(root + folder + _name(client_id), encoding="utf-8") as file:
                wall = jsons.loads(file.read())
            _ = (wall["client"] + wall["title"] + wall["at"], [prefix + "" for prefix in wall["parties"]])
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"the wall of this session can't be read ({type(error).__name__})") from error
        return wall
    return None


def standing(root: str) -> list[str]:
    """The names (`named`) of the walls that stand, those of sessions that died included."""
    try:
        return [name for name in os.listdir(root + FOLDER) if name.endswith(".json")]
    except OSError:
        return []


def declared(root: str) -> list[str]:
    """The clients' ids of the sessions that are declared for one client and still there."""
    from onefirm.sessions import identity

    standing_now = standing(root)  # none, nearly always: then no database is asked
    there = [one["client_id"] for one in identity.open_sessions(root) if one["alive"]] if standing_now else []
    return [client_id for client_id in there if _name(client_id) in standing_now]


def named(client_id: str) -> str:
    """The name under which the wall of a client's session stands."""
    return _name(client_id)


def put(root: str, client_id: str, client: str, title: str, parties: Iterable[str], at: str | None = None) -> Wall:
    """Declares a client's session for one client, `parties` being the prefixes of clients' and prospects' refs."""
    wall: Wall = {"client": client, "title": title, "parties": list(parties), "at": at or clock.iso()}
    os.makedirs(root + FOLDER, mode=0o700, exist_ok=True)
    draft = f"{root}{FOLDER}.{os.getpid()}-{os.urandom(4).hex()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, jsons.dumps(wall).encode())
    finally:
        os.close(handle)
    os.replace(draft, root + FOLDER + _name(client_id))
    return wall


def drop(root: str, client_id: str) -> None:
    """Makes the session firm-wide again."""
    for folder in (FOLDER, _PAST):
        try:
            os.unlink(root + folder + _name(client_id))
        except FileNotFoundError:
            continue


def rest(root: str, client_id: str) -> None:
    """The session has ended: its wall waits for the day on which it is resumed."""
    if _is_there(root + FOLDER, client_id):
        os.makedirs(root + _PAST, mode=0o700, exist_ok=True)
        os.replace(root + FOLDER + _name(client_id), root + _PAST + _name(client_id))


def wake(root: str, client_id: str) -> None:
    """The session goes on: its wall stands again, if it has one."""
    if _is_there(root + _PAST, client_id):
        os.replace(root + _PAST + _name(client_id), root + FOLDER + _name(client_id))


def inherit(root: str, client_id: str, before: str) -> None:
    """Gives a session the wall of the one that it goes on from, if that one has any. Raises Unreadable."""
    if before and before != client_id and (wall := of(root, before)):
        put(root, client_id, wall["client"], wall["title"], wall["parties"], wall["at"])


def told(client: str) -> str:
    """The wall as the session reads it at its start, with the way out; `client` is what `who` calls it."""
    return f"This session is declared for {client}: what belongs to other clients is refused or left out. {BACK}"


def who(wall: Wall) -> str:
    """The client by name and ref; a title is data, and stays on one line."""
    title = "".join(char if char.isprintable() else " " for char in wall["title"])[:60]
    return f"“{' '.join(title.split())}” ({wall['client']})"


# -- whose a record is


def relations(props: Mapping[str, Any]) -> list[str]:
    """The refs that a record's properties hold, each once. A ref in the middle of a text is no relation."""
    held = (item for value in props.values() for item in _items(value))
    return list(dict.fromkeys(item for item in held if isinstance(item, str) and _is_ref(item)))


def _items(value: Any) -> Iterable[object]:
    return value if isinstance(value, list) else (value,)  # pyright: ignore[reportUnknownVariableType]


def owners(ref: str, parties: Iterable[str], related: Callable[[str], Iterable[str]]) -> set[str]:
    """The clients that a record belongs to; without any, the prospects, who are somebody too; else nobody.

    The nearest decide: an invoice's own client comes before that of a project which its contract leads to, and a task
    of one client that waits for another's stays with its own. Several that are equally near own it together.
    """
    client, prospect = parties
    level, seen, prospects = [ref], {ref}, set[str]()
    while level:
        if clients := {one for one in level if _prefix(one) == client}:
            return clients
        prospects = prospects or {one for one in level if _prefix(one) == prospect}
        level = list(dict.fromkeys(other for one in level for other in related(one) if other not in seen))
        seen.update(level)
    return prospects


def is_others(wall: Mapping[str, Any], owned_by: set[str]) -> bool:
    """Whether somebody else owns it, alone or beside the wall's client."""
    return not owned_by <= {wall["client"]}


def _prefix(ref: str) -> str:
    return ref.partition("-")[0]


def _is_ref(text: str) -> bool:
    prefix, dash, number = text.partition("-")
    is_prefix = 0 < len(prefix) <= 4 and prefix.isalpha() and prefix.isupper()
    is_number = number.isdigit() or (number[:1] == "x" and number.isalnum())
    return bool(dash) and text.isascii() and is_prefix and is_number


def _is_there(folder: str, client_id: str) -> bool:
    return bool(client_id) and os.path.exists(folder + _name(client_id))


def _name(client_id: str) -> str:
    """A file's name that no id can lead out of its folder with."""
    return "".join(char if char in _SAFE else f"%{ord(char):x}" for char in client_id[:_LONGEST_ID]) + ".json"
