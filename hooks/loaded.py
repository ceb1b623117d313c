"""Telling the state of the records whose narrative came into the conversation with a call, or at the start."""

from __future__ import annotations

import os

from hooks import targets, watch
from onefirm.narrative import belonging, loading
from onefirm.sessions import db, known, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


def tell(payload: Mapping[str, Any], places: Iterable[tuple[str, str, str]]) -> str:
    """What to add for the files at these places, as `targets.places` gives them; "" for files without a record."""
    refs: dict[str, list[str]] = {}
    for root, relative, _ in places:
        refs.setdefault(root, []).extend(loading.refs(root, relative))
    return "\n".join(filter(None, (_told(payload, root, named) for root, named in refs.items() if named)))


def at_start(root: str, session: str, cwd: str, limit: int, client: str) -> str:
    """What to add for the files that load where the session starts; what has no room there is told when it loads."""
    path = targets.relative(root, os.path.realpath(cwd) + "/CLAUDE.md")
    refs = loading.refs(root, path)
    if not refs:
        return ""
    with db.writing(root) as conn:
        if belonging.hides(conn, root, client)(path):
            return ""
        return loading.tell(conn, session, refs, limit)


def _told(payload: Mapping[str, Any], root: str, refs: list[str]) -> str:
    who = known.who(watch.session(payload, root), str(payload.get("agent_id") or "") or None)
    with db.reading(root) as conn:
        if not known.untold(conn, who, refs):
            return ""
    with db.writing(root) as conn:
        text = loading.tell(conn, who, refs, told.left(conn, who))
        if text:
            told.spend(conn, who, text)
    return text
