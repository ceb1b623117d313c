"""Where a record, a decision or an entry comes from and what came of it: a tree read from events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, func, select

from onefirm.core.errors import InvalidInput, NotFound
from onefirm.core.ids import REF, parse_ref
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.ledger.sentences import local_time, sentence
from onefirm.ledger.tree import Node, render
from onefirm.ledger.words import clean, property_name, quoted, value
from onefirm.store.tables import event_subject

__all__ = ["Node", "render", "trace"]

_READ_AT_MOST = 400
_LOOKS = ("record.seen",)


def trace(
    conn: Connection, ledger: Ledger, asked: str, *, depth: int = 4, most: int = 36, timezone: str = "UTC"
) -> Node:
    """The provenance of a ref (`P-12`, `DEC-3`) or of one entry (its id).

    For an entry: the causes that led to it above, its effects below. For a ref: what happened to it, the decisions and
    lessons about it, and what it is related to. At most `depth` causes or effects in a row and about `most` lines; what
    was cut is counted. Raises NotFound, and Refused for a ref that is behind the client wall.
    """
    tracer = _Tracer(conn, ledger, depth, most, timezone)
    if event := ledger.get(conn, asked.strip()):
        return tracer.of_event(event)
    try:
        ref = parse_ref(asked)
    except InvalidInput:
        raise NotFound(
            f"There is no entry “{asked[:60]}”, and it is no ref.",
            hint="`onefirm ledger log --json` lists entries with their ids.",
        ) from None
    ledger.sight.check([ref])
    return tracer.of_ref(ref)


class _Tracer:
    """One question. `_left` lines may still be drawn, and no entry is drawn twice."""

    def __init__(self, conn: Connection, ledger: Ledger, depth: int, most: int, timezone: str) -> None:
        self._conn = conn
        self._ledger = ledger
        self._depth = depth
        self._left = most
        self._timezone = timezone
        self._drawn: set[str] = set()

    # -- an entry ------------------------------------------------------------------------------------------------------

    def of_event(self, event: Event) -> Node:
        """The chain of causes from the first one down to the entry, then its effects."""
        self._drawn.add(event.id)
        causes = self._causes(event)
        node = self._asked(event)
        for cause in causes:
            node = Node(self._line(cause), cause.id, _first(cause.subjects), children=(node,))
        if causes and _cause(causes[-1]):
            node = Node("… earlier causes were left out", children=(node,))
        return node

    def _asked(self, event: Event) -> Node:
        about = [Node(f"about {self._named(ref)}", ref=ref) for ref in event.subjects]
        about += [*_details(event)]
        effects, left_out = self._effects(event, self._depth)
        return Node(self._line(event), event.id, _first(event.subjects), True, (*about, *effects), left_out)

    def _causes(self, event: Event) -> list[Event]:
        """From the nearest to the farthest, at most `depth`."""
        found: list[Event] = []
        while len(found) < self._depth and (cause := _cause(found[-1] if found else event)):
            entry = self._ledger.get(self._conn, cause)
            if entry is None or entry.id in self._drawn:
                break
            self._drawn.add(entry.id)
            found.append(entry)
        return found

    def _effects(self, event: Event, depth: int) -> tuple[list[Node], int]:
        effects = self._ledger.events(self._conn, cause=event.id, without=_LOOKS, limit=_READ_AT_MOST)
        fresh = [effect for effect in effects if effect.id not in self._drawn]
        if depth == 0:
            return [], len(fresh)
        kept = fresh[: max(0, self._left)]
        return [self._with_effects(effect, depth - 1) for effect in kept], len(fresh) - len(kept)

    def _with_effects(self, event: Event, depth: int, *more: Node) -> Node:
        self._left -= 1
        self._drawn.add(event.id)
        effects, left_out = self._effects(event, depth)
        return Node(self._line(event), event.id, _first(event.subjects), children=(*more, *effects), left_out=left_out)

    # -- a ref ---------------------------------------------------------------------------------------------------------

    def of_ref(self, ref: str) -> Node:
        """What happened to it, what was decided and learned about it, what it is related to."""
        names = aliases.names(self._conn, ref)
        newest = self._newest(names)
        if not newest:
            raise NotFound(f"The ledger knows nothing about {ref}.", hint="`onefirm record find` lists what there is.")
        own = [event for event in newest if event.subjects[0] in names]
        others = [event for event in newest if event.subjects[0] not in names]
        learned = [event for event in others if event.kind.startswith(("decision.", "lesson."))]
        related = [event for event in others if event not in learned]
        decided = self._learned(learned)
        sections = (self._history(ref, own), decided, self._relations(names, own, related))
        return Node(
            self._headline(ref, own or newest),
            ref=ref,
            asked=True,
            children=tuple(section for section in sections if section.children or section.left_out),
        )

    def _newest(self, names: Sequence[str]) -> list[Event]:
        """The first entry and the newest ones that name it, in time order, without mere looks."""
        found: dict[str, Event] = {}
        for name in names:
            for limit, newest_first in ((1, False), (_READ_AT_MOST, True)):
                events = self._ledger.events(
                    self._conn, ref=name, without=_LOOKS, limit=limit, newest_first=newest_first
                )
                found.update((event.id, event) for event in events)
        return sorted(found.values(), key=lambda event: (event.at, event.chain_id, event.seq))

    def _headline(self, ref: str, events: Sequence[Event]) -> str:
        query = select(func.count(), func.min(event_subject.c.at)).where(
            event_subject.c.ref.in_(aliases.names(self._conn, ref))
        )
        count, since = self._conn.execute(query).one()
        entries = f"{count} {'entry' if count == 1 else 'entries'} since {local_time(since, self._timezone)}"
        return f"{_described(ref, events)}: {entries}"

    def _history(self, ref: str, own: Sequence[Event]) -> Node:
        """The first entry and the newest ones, each with the cause that lies outside and with its effects."""
        share = self._share()
        kept = own if len(own) <= share else [own[0], *own[len(own) - share + 1 :]]
        self._drawn.update(event.id for event in own)
        nodes = [self._with_effects(event, 1, *self._outer_cause(event), *_details(event)) for event in kept]
        if len(kept) < len(own):
            count = len(own) - len(kept)
            nodes.insert(1, Node(f"… {count} more here: `onefirm ledger log --about {ref}`"))
        return Node("what happened", children=tuple(nodes))

    def _outer_cause(self, event: Event) -> list[Node]:
        cause = _cause(event)
        entry = self._ledger.get(self._conn, cause) if cause and cause not in self._drawn else None
        if entry is None:
            return []
        self._left -= 1
        self._drawn.add(entry.id)
        return [Node(f"because of: {self._line(entry)}", entry.id, _first(entry.subjects))]

    def _learned(self, events: Sequence[Event]) -> Node:
        nodes = [self._lone(event) for event in events[-(self._share() // 2) :]]
        return self._section("decided and learned", nodes, len(events))

    def _relations(self, names: Sequence[str], own: Sequence[Event], related: Sequence[Event]) -> Node:
        named = _relations_of(own)
        counted = Counter(event.subjects[0] for event in related)
        counted.update(ref for event in own for ref in event.subjects[1:])
        refs = [ref for ref in dict.fromkeys([*named, *(ref for ref, _ in counted.most_common())]) if ref not in names]
        kept = refs[: self._share()]
        nodes = [Node(self._related(ref, named.get(ref)), ref=ref) for ref in kept]
        self._left -= len(nodes)
        return self._section("related", nodes, len(refs))

    def _related(self, ref: str, how: str | None) -> str:
        return f"{how}: {self._named(ref)}" if how else self._named(ref)

    def _named(self, ref: str) -> str:
        newest = self._ledger.events(self._conn, ref=ref, without=_LOOKS, newest_first=True, limit=10)
        return _described(ref, [event for event in reversed(newest) if event.subjects[0] == ref])

    def _lone(self, event: Event) -> Node:
        self._left -= 1
        self._drawn.add(event.id)
        return Node(self._line(event), event.id, _first(event.subjects))

    def _section(self, title: str, nodes: Sequence[Node], count: int) -> Node:
        return Node(title, children=tuple(nodes), left_out=count - len(nodes))

    def _share(self) -> int:
        """How many lines the next part may take: half of what is left, never none."""
        return max(2, self._left // 2)

    def _line(self, event: Event) -> str:
        session = f" [{clean(event.session, 40)}]" if event.session else ""
        return f"{local_time(event.at, self._timezone)}  {sentence(event)}{session}"


def _cause(event: Event) -> str | None:
    undone = (event.payload or {}).get("undo_of")
    return event.cause or (undone if isinstance(undone, str) else None)


def _first(refs: Sequence[str]) -> str | None:
    return refs[0] if refs else None


def _details(event: Event) -> Iterable[Node]:
    """What a decision weighed."""
    if event.kind != "decision.recorded" or not event.payload:
        return
    for name, label in (("alternatives", "instead of"), ("evidence", "evidence")):
        given = event.payload.get(name)
        for item in cast("list[Any]", given if isinstance(given, list) else []):
            yield Node(f"{label}: {value(item)}")


def _described(ref: str, events: Sequence[Event]) -> str:
    """`P-12 “Harbour website” (project, delivery)`, as far as the events tell."""
    title = kind = status = ""
    for event in events:
        data: Mapping[str, Any] = event.payload or {}
        after = cast("Mapping[str, Any]", data.get("after") if isinstance(data.get("after"), Mapping) else {})
        title = after.get("title") or data.get("title") or data.get("what") or data.get("rule") or title
        kind = data.get("kind") or kind or event.kind.partition(".")[0]
        status = after.get("status") or status
    known = ", ".join(clean(word, 30) for word in (kind, status) if word)
    return f"{clean(ref, 20)}{' ' + quoted(title, 80) if title else ''}{f' ({known})' if known else ''}"


def _relations_of(events: Sequence[Event]) -> dict[str, str]:
    """Refs that the newest values of its properties hold, with the property's name."""
    values: dict[str, Any] = {}
    for event in events:
        after = (event.payload or {}).get("after")
        values.update(cast("Mapping[str, Any]", after) if isinstance(after, Mapping) else {})
    found: dict[str, str] = {}
    for name, given in values.items():
        for item in cast("list[Any]", given if isinstance(given, list) else [given]):
            if isinstance(item, str) and REF.fullmatch(item):
                found[item] = property_name(name)
    return found
