"""One request as an endpoint sees it: who asks, in which version, for what; and the checks that all of them share."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from onefirm.simulators.notion.connections import Capability, Connection
from onefirm.simulators.notion.forms import NOTHING, Form, Problem, demand, refusal
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import Json, Parent
from onefirm.simulators.notion.queries import PAGE_MOST, Queries
from onefirm.simulators.notion.refusals import MISSING, Refusal, invalid, no_such_url, not_found, restricted, should_be
from onefirm.simulators.notion.shapes import SOURCES_SINCE, TRASH_SINCE
from onefirm.simulators.notion.workspace import Workspace

KEPT = re.compile(r"filter_properties\[(1?[0-9]|20)\]")
"""A place in the list of `filter_properties`."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the door: address, credential and version are good."""

    workspace: Workspace
    queries: Queries
    connection: Connection
    version: str
    at: tuple[str, ...]
    """The parts of the address that vary: ids, as they were sent."""
    query: dict[str, list[str]]
    body: Json

    @property
    def by(self) -> str:
        """The id of the user that the connection acts as."""
        return self.connection.bot.id

    def need(self, capability: Capability) -> None:
        """Refuse a connection that may not do this."""
        if capability not in self.connection.capabilities:
            raise restricted()

    def only(self, *known: str) -> None:
        """Refuse members of the body that the endpoint doesn't know."""
        extra = [
            Problem(("body", key), value, ("not present",)) for key, value in self.body.items() if key not in known
        ]
        if extra:
            raise refusal("body", extra)

    def asked(self, form: Form = NOTHING, *, keeps: bool = False) -> Json:
        """The query string, held against a form; `keeps` says that `filter_properties` may be in it, too."""
        found: Json = {}
        for key, sent in self.query.items():
            if not (keeps and key.partition("[")[0] == "filter_properties"):
                found[key] = _coerced(sent[0])
            elif key not in ("filter_properties", "filter_properties[]") and not KEPT.fullmatch(key):
                raise invalid(
                    'The value of "filter_properties" in query parameters must be a string or list of strings'
                )
        demand(form, found, "query")
        return found

    def member(self, key: str, kind: type, words: str) -> Any:
        """A member of the body that may be absent (None), and has this type otherwise."""
        value = self.body.get(key, MISSING)
        if value is MISSING:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise should_be(f"body.{key}", f"{words} or `undefined`", value)
        return value

    def truth(self, key: str) -> bool | None:
        """A boolean of the body, None if it is absent."""
        return self.member(key, bool, "a boolean")

    def in_trash(self) -> bool | None:
        """What the body says of the trash, in the words of its version."""
        if self.version >= TRASH_SINCE and "archived" in self.body:
            raise should_be("body.archived", "not present", self.body["archived"])
        old = self.truth("archived")
        return old if self.truth("in_trash") is None else self.truth("in_trash")

    def since_sources(self, wanted: bool = True) -> None:
        """Refuse the address in versions that don't have it."""
        if (self.version >= SOURCES_SINCE) is not wanted:
            raise no_such_url()

    def missing(self, kind: str, asked: str) -> Refusal:
        """404 for an id that isn't there for this connection."""
        return not_found(kind, asked)

    def seen(self, kind: str, at: Parent) -> None:
        """Refuse what isn't shared with the connection, as if it weren't there."""
        if not self.workspace.sees(self.connection, at):
            raise self.missing(kind, at.id)

    def id(self, kind: str, place: int = 0) -> str:
        """An id of the address. Raises Refusal for what can't be one."""
        found = canonical(self.at[place])
        if not found:
            raise should_be(f"path.{kind}_id", "a valid uuid", self.at[place])
        return found

    def cut(self, ids: Sequence[str], asked: Json) -> tuple[int, int, str | None]:
        """The part of a list that was asked for: from, to, and the cursor of what follows. Raises Refusal."""
        cursor = asked.get("start_cursor")
        if cursor is not None and str(cursor) not in ids:
            raise invalid(f"The start_cursor provided is invalid: {cursor}")
        size = asked.get("page_size") or PAGE_MOST
        start = ids.index(str(cursor)) if cursor is not None else 0
        end = start + max(0, min(int(size), PAGE_MOST))
        return start, end, ids[end] if end < len(ids) else None

    def keep(self) -> Collection[str] | None:
        """The properties that `filter_properties` asks for; None means all."""
        names = [
            one for key, found in self.query.items() if key.partition("[")[0] == "filter_properties" for one in found
        ]
        return names if any(key.startswith("filter_properties") for key in self.query) else None


def _coerced(raw: str) -> Any:
    """A value of the query string as the validator reads it."""
    if raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    try:
        return int(raw)
    except ValueError:
        return cast("Any", raw)
