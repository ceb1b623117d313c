"""The whole workspace as one file of JSON, so that a simulator that was ended goes on where it was.

Not in it: faults, limits, lag, cursors and webhooks, which belong to a run.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onefirm.simulators.notion.connections import Connection
from onefirm.simulators.notion.ids import Ids
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import Block, Comment, Database, DataSource, Face, Json, Page, Parent, Property
from onefirm.simulators.notion.people import User

if TYPE_CHECKING:
    from onefirm.simulators.notion.server import Notion
    from onefirm.simulators.notion.workspace import Workspace

VERSION = 1


class Unreadable(Exception):
    """A file that holds no workspace; the message says what it holds instead."""


def read(path: Path) -> Json:
    """What a file holds, for `restore`. Raises Unreadable, OSError."""
    try:
        found = json.loads(path.read_bytes())
        version = found["simulated_notion"]
    except (ValueError, TypeError, KeyError):
        raise Unreadable(f"{path} holds no simulated Notion") from None
    if version != VERSION:
        raise Unreadable(f"{path} is of version {version}; this simulator reads version {VERSION}")
    return found


def restore(notion: Notion, kept: Mapping[str, Any]) -> None:
    """Put what was kept in the place of an empty workspace. Raises Unreadable."""
    try:
        _restore(notion, kept)
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise Unreadable(f"the kept workspace is not whole: {type(wrong).__name__}: {wrong}") from wrong


def write(notion: Notion, path: Path) -> None:
    """Keep the workspace as it is now: the file is there whole or not at all, for nobody but its owner."""
    with notion.workspace.lock:
        text = json.dumps(_taken(notion), default=_plain, ensure_ascii=False)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)


# -- taking ------------------------------------------------------------------------------------------------------------


def _taken(notion: Notion) -> Json:
    workspace = notion.workspace
    return {
        "simulated_notion": VERSION,
        "port": notion.port,
        "token": notion.token,
        "control_key": notion.control_key,
        "person": notion.phone.user.id,
        "clock": notion.clock.setting() if isinstance(notion.clock, Dial) else None,
        "id": workspace.id,
        "name": workspace.name,
        **{name: list(getattr(workspace, name).values()) for name in HELD},
    }


HELD = ("users", "connections", "databases", "sources", "pages", "blocks", "comments")


def _plain(value: Any) -> Any:
    """What JSON has no form for."""
    if isinstance(value, DataSource):  # its rows are pages, which stand among the pages
        return {**_members(value), "rows": list(value.rows)}
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return sorted(value)  # a set of words


def _members(value: Any) -> Json:
    return {one.name: getattr(value, one.name) for one in fields(value)}


# -- restoring ---------------------------------------------------------------------------------------------------------


def _restore(notion: Notion, kept: Mapping[str, Any]) -> None:
    workspace = notion.workspace
    workspace.id, workspace.name = kept["id"], kept["name"]
    workspace.ids = Ids(secrets.randbits(64))  # the seed would make the same ids again
    workspace.users = {one["id"]: User(**one) for one in kept["users"]}
    workspace.connections = {one["token"]: _connection(one, workspace) for one in kept["connections"]}
    workspace.databases = {one["id"]: Database(**_placed(one)) for one in kept["databases"]}
    workspace.pages = {one["id"]: _page(one) for one in kept["pages"]}
    workspace.sources = {one["id"]: _source(one, workspace) for one in kept["sources"]}
    workspace.blocks = {one["id"]: Block(**_placed(one)) for one in kept["blocks"]}
    workspace.comments = {one["id"]: Comment(**_placed(one)) for one in kept["comments"]}
    workspace.index.resume(workspace.pages.values())
    notion.token, notion.control_key = kept["token"], kept["control_key"]
    notion.connection = workspace.connections.get(notion.token, notion.connection)
    notion.phone.user = workspace.users[kept["person"]]
    if kept["clock"] and isinstance(notion.clock, Dial):
        notion.clock.set(**kept["clock"])


def _placed(kept: Json) -> Json:
    return {**kept, "parent": Parent(*kept["parent"])}


def _connection(kept: Json, workspace: Workspace) -> Connection:
    apart: Json = {"bot": workspace.users[kept["bot"]["id"]], "capabilities": frozenset(kept["capabilities"])}
    apart |= {name: set(kept[name]) for name in ("shared", "unshared")}
    return Connection(**kept | apart)


def _page(kept: Json) -> Page:
    apart: Json = {
        "face": Face(**kept["face"]),
        "indexed": Face(**kept["indexed"]) if kept["indexed"] else None,
        "waiting": [(datetime.fromisoformat(at), Face(**face)) for at, face in kept["waiting"]],
    }
    return Page(**_placed(kept) | apart)


def _source(kept: Json, workspace: Workspace) -> DataSource:
    apart: Json = {
        "properties": {id_: Property(**one) for id_, one in kept["properties"].items()},
        "rows": {id_: workspace.pages[id_] for id_ in kept["rows"]},
        "visible_at": datetime.fromisoformat(kept["visible_at"]),
    }
    return DataSource(**kept | apart)
