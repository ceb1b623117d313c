"""What Notion's lists show, lagging as they do: the rows that changed, and which are there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.state.schema import Schema
from onefirm.state.truth.base import Batch, Unreachable
from onefirm.state.truth.notion.asking import Ahead, Asking
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Place
from onefirm.state.truth.notion.rows import Page, Rows
from onefirm.state.truth.notion.walk import Unseen


class Lists:
    """The lists of every data source that is mapped."""

    def __init__(
        self, notion: Asking, rows: Rows, schema: Schema, mapping: NotionMapping, clock: Clock, overlap: timedelta
    ) -> None:
        self._notion = notion
        self._rows = rows
        self._schema = schema
        self._mapping = mapping
        self._clock = clock
        self._overlap = overlap

    def changed_since(self, watermark: str | None) -> Iterator[Batch]:
        """Each data source is walked from where it was, its trash after it; from the beginning where it is mapped anew.

        The watermark has, for each, the minute up to which everything came, never one of the last minutes: those are
        looked at again, since lists lag and times are cut to the minute. One that can't be seen stays where it was.
        """
        marks: dict[str, dict[str, str]] = json.loads(watermark) if watermark else {}
        unseen = dict[str, Unseen]()
        with contextlib.ExitStack() as ends:
            begun: list[tuple[Place, str, datetime, Ahead]] = []
            for place in self._in_order():  # all at once: one after the other would take the sum of their times
                if (mark := marks.get(place.data_source, {})).get("form") != place.form():
                    mark = marks[place.data_source] = {"form": place.form()}
                for part in ("rows", "trash"):
                    started = self._clock.now() - self._overlap
                    walking = self._notion.ahead(place, mark.get(part), trashed=part == "trash")
                    ends.callback(walking.close)
                    begun.append((place, part, started, walking))
            for place, part, started, walking in begun:
                mark = marks[place.data_source]
                try:
                    for some, last in walking:
                        rows = self._rows.read(some)
                        if last is not None:
                            mark[part] = min(minute(parse_iso(last)), minute(started))
                        yield Batch(rows, json.dumps(marks, sort_keys=True), iso(started))
                    mark[part] = minute(started)
                except Unseen as error:
                    unseen[place.kind] = error
            started = begun[0][2] if begun else self._clock.now()
        self._check_any(unseen)
        with self._rows.resolved() as rows:
            yield Batch(rows, json.dumps(marks, sort_keys=True), iso(started))

    def ids(self) -> dict[str, frozenset[str]]:
        """Every page by its number alone."""
        there, unseen = dict[str, frozenset[str]](), dict[str, Unseen]()
        for place in self._mapping.places.values():
            try:
                there[place.kind] = self._ids(place)
            except Unseen as error:
                unseen[place.kind] = error
        self._check_any(unseen)
        return there

    def _ids(self, place: Place) -> frozenset[str]:
        refs = set[str]()
        only = [one.id for one in (place.ref or place.columns["title"], place.key) if one]
        with contextlib.closing(self._notion.ahead(place, None, only=only, whole=False)) as walking:
            for some, _ in walking:
                refs.update(self._rows.name(some))
        return frozenset(refs)

    def of_key(self, place: Place, key: Column, text: str) -> Page | None:
        """The page that carries this effect key, in the trash too."""
        body = {"filter": {"property": key.id, "rich_text": {"equals": text}}, "page_size": 1}
        for more in ({}, {"in_trash": True}):
            answer = self._notion.query(place, {**body, **more})
            if answer["results"]:
                return self._notion.whole(answer["results"][0])
        return None

    def made_between(self, place: Place, since: datetime, until: datetime) -> list[Page]:
        """The pages that were created then, to the minute, in the trash too."""
        first, last, found = minute(since), minute(until), list[Page]()
        for trashed in (False, True):
            with contextlib.closing(self._notion.ahead(place, first, trashed=trashed, whole=False)) as walking:
                for some, _ in walking:
                    found += [page for page in some if first <= page["created_time"] <= last]
        return found

    def tally(self, firm: str) -> dict[str, tuple[int, int]]:
        """How many rows each kind has, in the trash too: all, and those that are none of this firm's records."""
        found = dict[str, tuple[int, int]]()
        for place in self._mapping.places.values():
            only = [one.id for one in (place.columns["title"], place.key) if one]
            every = strange = 0
            for trashed in (False, True):
                walking = self._notion.ahead(place, None, trashed=trashed, only=only, whole=False)
                with contextlib.closing(walking):
                    for some, _ in walking:
                        every, strange = every + len(some), strange + self._rows.strange(some, place, firm)
            found[place.kind] = (every, strange)
        return found

    def _check_any(self, unseen: Mapping[str, Unseen]) -> None:
        """Note which data sources can't be seen. Raises Unreachable where none can."""
        self._rows.noticed.update(f"{kind}:unseen" for kind in unseen)
        if unseen and len(unseen) == len(self._mapping.places):
            raise Unreachable(f"Notion shows none of the data sources in notion.yaml: {next(iter(unseen.values()))}")

    def _in_order(self) -> list[Place]:
        """Those that others lead to come first, so that what leads to them is understood at once."""
        order, waiting = list[Place](), dict(self._mapping.places)
        while waiting:

            def leads(place: Place) -> int:
                kind = self._schema.kinds[place.kind]
                to = {kind.properties[name].to for name, one in place.columns.items() if one.type == "relation"}
                return len((to & set(waiting)) - {place.kind})

            first = min(waiting.values(), key=lambda place: (leads(place), place.kind))
            order.append(waiting.pop(first.kind))
        return order


def minute(instant: datetime) -> str:
    """An instant as Notion's times have it."""
    return iso(instant)[:17] + "00.000Z"
